"""What a customer who is in may do about their way in: password, e-mail address, phone number."""

from typing import Literal

from commerce.customers.access import (
    NothingToVerify,
    OldPasswordNeeded,
    Purpose,
    Visit,
    WrongCode,
    tidy_password,
)
from commerce.customers.codes import Target
from commerce.customers.contact import Channel
from commerce.customers.events import ContactChangedNotice, PasswordChangedNotice
from commerce.customers.models import Customer, Details, tidy_email
from commerce.customers.service import Customers
from commerce.customers.signin import Access
from foundation.auth import Principal
from foundation.clock import Clock
from foundation.crypto import DataKeys
from foundation.ids import new_id
from foundation.outbox import Outbox
from foundation.sql import Ledger

CHANGES = frozenset({Purpose.CHANGE_EMAIL})


class OwnAccess:
    def __init__(
        self,
        ledger: Ledger,
        customers: Customers,
        access: Access,
        outbox: Outbox,
        keys: DataKeys,
        *,
        now: Clock,
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._access = access
        self._outbox = outbox
        self._keys = keys
        self._now = now

    def set_password(self, principal: Principal, new: str, *, old: str | None, visit: Visit) -> None:
        """Every other session ends.

        Raises:
            OldPasswordNeeded: when `old` does not fit and the session was not just opened by code.
        """
        email = self._customers.find(principal.id).email
        password = tidy_password(new, email=email)
        self._check_right(principal, old, email=email, visit=visit)
        with self._ledger.transaction():
            self._customers.lock(principal.id)
            self._access.passwords.put(principal.id, password)
            self._access.sessions.end_all(principal.id, but=principal.token_id)
            self._outbox.publish(
                PasswordChangedNotice(about=principal.id, at=self._now()),
                customer_id=principal.id,
                event_id=f"ntc_password_changed_{new_id('pwd')}",
            )

    def change(self, customer_id: str, details: Details) -> Customer:
        """Name, phone and state. A verified number gets a notice that it was replaced."""
        with self._ledger.transaction():
            self._customers.lock(customer_id)
            was = self._customers.find(customer_id)
            changed = self._customers.change(customer_id, details)
            if was.phone is not None and was.phone_verified_at and changed.phone != was.phone:
                self._notify_former(customer_id, Channel.TEXT, was.phone)
        return changed

    def send_change(self, principal: Principal, email: str, *, visit: Visit) -> None:
        """A code to the address that is to take the place of the account's; to one that is taken, nothing."""
        is_taken = self._customers.id_of(email) is not None
        target = Target("email", tidy_email(email), None if is_taken else principal.id, "verify_email")
        self._access.codes.send(target, purpose=Purpose.CHANGE_EMAIL, ip=visit.ip)

    def change_email(
        self, principal: Principal, email: str, code: str, *, password: str | None, visit: Visit
    ) -> Customer:
        """Every other session ends, and the former address gets a notice.

        Raises:
            OldPasswordNeeded: when the password does not fit and the session was not just opened by code.
        """
        address, was = tidy_email(email), self._customers.find(principal.id).email
        self._check_right(principal, password, email=was, visit=visit)
        with self._ledger.transaction():
            self._customers.lock(principal.id)
            if not self._access.codes.check("email", address, code, purposes=CHANGES):
                raise WrongCode
            changed = self._customers.change_email(principal.id, address)
            self._access.sessions.end_all(principal.id, but=principal.token_id)
            self._notify_former(principal.id, Channel.EMAIL, was)
        return changed

    def send_verification(self, customer_id: str, channel: Channel, *, visit: Visit) -> None:
        """A code to the e-mail address or the phone of the account, to show that it is the customer's."""
        customer = self._customers.find(customer_id)
        purpose, address = _to_verify(customer, channel)
        target = Target(channel.value, address, customer_id, purpose.value)
        self._access.codes.send(target, purpose=purpose, ip=visit.ip)

    def verify(self, customer_id: str, channel: Channel, code: str) -> Customer:
        purpose, address = _to_verify(self._customers.find(customer_id), channel)
        with self._ledger.transaction():
            if not self._access.codes.check(channel.value, address, code, purposes=frozenset({purpose})):
                raise WrongCode
            self._customers.mark_verified(customer_id, channel)
            return self._customers.find(customer_id)

    def _notify_former(self, customer_id: str, channel: Channel, address: str) -> None:
        is_email = channel is Channel.EMAIL
        kind: Literal["email", "phone"] = "email" if is_email else "phone"
        sealed = self._keys.seal(customer_id, address, context=f"notices.{kind}")
        notice = ContactChangedNotice(
            about=customer_id,
            channel=channel,
            kind=kind,
            at=self._now(),
            sealed_email=sealed if is_email else None,
            sealed_phone=None if is_email else sealed,
        )
        event_id = f"ntc_contact_changed_{new_id('chg')}"
        self._outbox.publish(notice, customer_id=customer_id, event_id=event_id)

    def _check_right(self, principal: Principal, old: str | None, *, email: str, visit: Visit) -> None:
        session = self._access.sessions.find(principal.token_id)
        if session is not None and session.allows_new_password(self._now()):
            return
        if old is None:
            raise OldPasswordNeeded
        self._access.lockouts.begin(account=email, ip=visit.ip)
        if not self._access.passwords.fits(principal.id, old):
            raise OldPasswordNeeded
        self._access.lockouts.succeeded(account=email, ip=visit.ip)


def _to_verify(customer: Customer, channel: Channel) -> tuple[Purpose, str]:
    if channel is Channel.EMAIL and customer.email_verified_at is None:
        return Purpose.VERIFY_EMAIL, customer.email
    if channel is not Channel.EMAIL and customer.phone and customer.phone_verified_at is None:
        return Purpose.VERIFY_PHONE, customer.phone
    raise NothingToVerify(channel.value)
