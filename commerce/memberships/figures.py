"""Reads what the membership metrics are made of."""

from sqlalchemy import Connection, select

from commerce.memberships.metrics import WINDOW, Lived, MembershipFigures, Move, figures
from commerce.memberships.models import ChangeKind, MembershipStatus, Tier
from commerce.memberships.store import changes, memberships
from foundation.clock import Clock
from foundation.money import Money
from foundation.sql import Ledger

MOVES = (ChangeKind.UPGRADED, ChangeKind.DOWNGRADED)


class Figures:
    def __init__(self, ledger: Ledger, *, now: Clock) -> None:
        self._ledger = ledger
        self._now = now

    def read(self) -> MembershipFigures:
        """The figures of this moment; upgrades and downgrades are those of the last thirty days."""
        at = self._now()
        with self._ledger.transaction() as connection:
            moved = select(changes.c.kind, changes.c.from_tier, changes.c.to_tier).where(
                changes.c.at > at - WINDOW, changes.c.kind.in_(MOVES)
            )
            moves = [
                Move(ChangeKind(kind), Tier(old), Tier(new)) for kind, old, new in connection.execute(moved)
            ]
            return figures(_lived(connection), moves, at=at)


def _lived(connection: Connection) -> list[Lived]:
    held, joined = memberships.c, changes.c
    wanted = select(
        held.tier,
        joined.to_tier,
        held.status,
        held.price_cents,
        held.currency,
        held.started_at,
        held.cancelled_at,
    ).join_from(
        memberships,
        changes,
        (joined.membership_id == held.id) & (joined.kind == ChangeKind.SUBSCRIBED),
    )
    return [
        Lived(
            tier=Tier(row.tier),
            joined_tier=Tier(row.to_tier),
            status=MembershipStatus(row.status),
            price=Money(row.price_cents, row.currency),
            started_at=row.started_at,
            left_at=row.cancelled_at,
        )
        for row in connection.execute(wanted)
    ]
