"""Find the membership that a change starts from, or that its key has changed already."""

from datetime import datetime

from sqlalchemy import Connection

from commerce.memberships import store
from commerce.memberships.models import ChangeKind, Membership, MembershipStatus
from commerce.memberships.refusals import KeyUsed

OPEN = (MembershipStatus.PAYMENT_FAILED, MembershipStatus.SUSPENDED)


def current_membership(connection: Connection, customer_id: str, *, at: datetime) -> Membership | None:
    membership = store.current(connection, customer_id)
    return None if membership is None or membership.is_over(at) else membership


def already_changed(connection: Connection, key: str, *kinds: ChangeKind) -> Membership | None:
    """The membership that this key has changed already; a key of something else is refused."""
    changed = store.changed_by(connection, key)
    if changed is None:
        return None
    kind, membership = changed
    if kind not in kinds:
        raise KeyUsed
    return membership
