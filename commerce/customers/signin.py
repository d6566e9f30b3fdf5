"""A customer's way in: register, a code or a password, and what they gathered as a guest comes along."""

from collections.abc import Sequence
from dataclasses import dataclass

from commerce.customers.access import (
    Method,
    NothingToVerify,
    NotSignedIn,
    OldPasswordNeeded,
    Purpose,
    SignedIn,
    Visit,
    WrongCode,
    tidy_password,
)
from commerce.customers.codes import OneTimeCodes, Target
from commerce.customers.contact import Channel
from commerce.customers.lockouts import Lockouts
from commerce.customers.models import Customer, NewCustomer, tidy_email
from commerce.customers.passwords import Passwords
from commerce.customers.ports import GuestBelongings
from commerce.customers.service import AlreadyRegistered, Customers
from commerce.customers.sessions import Sessions
from foundation.auth import Principal, Role
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.outbox import Outbox
from foundation.sql import Ledger

OPENS = frozenset({Purpose.SIGN_IN, Purpose.VERIFY_EMAIL})
"""Which codes by e-mail let their reader in: either shows that the address is theirs."""


@dataclass(frozen=True)
class Access:
    """What opens the door, and what keeps it shut."""

    codes: OneTimeCodes
    passwords: Passwords
    lockouts: Lockouts
    sessions: Sessions


class SignIn:
    """Nothing here tells a stranger whether an address has an account."""

    def __init__(
        self, ledger: Ledger, customers: Customers, access: Access, *, belongings: Sequence[GuestBelongings]
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._access = access
        self._belongings = tuple(belongings)

    def register(self, new: NewCustomer, *, visit: Visit) -> None:
        """Open an account and send the code that lets its owner in; to one that is there, just the code."""
        with self._ledger.transaction():
            try:
                customer_id = self._customers.register(new).id
                purpose, template = Purpose.VERIFY_EMAIL, "verify_email"
            except AlreadyRegistered:
                customer_id = self._customers.id_of(new.email) or ""
                purpose, template = Purpose.SIGN_IN, "sign_in_code"
            target = Target("email", tidy_email(new.email), customer_id, template)
            self._access.codes.send(target, purpose=purpose, ip=visit.ip)

    def send_code(self, email: str, *, visit: Visit) -> None:
        target = Target("email", tidy_email(email), self._customers.id_of(email), "sign_in_code")
        self._access.codes.send(target, purpose=Purpose.SIGN_IN, ip=visit.ip)

    def by_code(self, email: str, code: str, *, visit: Visit) -> SignedIn:
        self._access.lockouts.begin(account=None, ip=visit.ip)
        customer_id = self._customers.id_of(email)
        with self._ledger.transaction():
            is_right = self._access.codes.check("email", tidy_email(email), code, purposes=OPENS)
            if not is_right or customer_id is None:
                raise NotSignedIn(Method.CODE)
            self._customers.mark_verified(customer_id, Channel.EMAIL)
            signed_in = self._let_in(customer_id, Method.CODE, visit)
        self._access.lockouts.succeeded(account=None, ip=visit.ip)
        return signed_in

    def by_password(self, email: str, password: str, *, visit: Visit) -> SignedIn:
        account = tidy_email(email)
        self._access.lockouts.begin(account=account, ip=visit.ip)
        customer_id = self._customers.id_of(account)
        if not self._access.passwords.fits(customer_id, password) or customer_id is None:
            raise NotSignedIn(Method.PASSWORD)
        with self._ledger.transaction():
            signed_in = self._let_in(customer_id, Method.PASSWORD, visit)
        self._access.lockouts.succeeded(account=account, ip=visit.ip)
        return signed_in

    def _let_in(self, customer_id: str, method: Method, visit: Visit) -> SignedIn:
        self._customers.lock(customer_id)
        if visit.guest_id is not None:
            for thing in self._belongings:
                thing.adopt(visit.guest_id, customer_id)
        principal = Principal(customer_id, Role.CUSTOMER)
        return self._access.sessions.open(principal, method=method, device=visit.device)


class OwnAccess:
    """What a customer who is in may do about their way in."""

    def __init__(
        self, ledger: Ledger, customers: Customers, access: Access, outbox: Outbox, *, now: Clock
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._access = access
        self._outbox = outbox
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
            self._outbox.append(
                "notices",
                {"template": "password_changed", "about": principal.id, "at": self._now().isoformat()},
                customer_id=principal.id,
                event_id=f"ntc_password_changed_{new_id('pwd')}",
            )

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
