"""A customer's way in: register, a code or a password, and what they gathered as a guest comes along."""

from collections.abc import Sequence
from dataclasses import dataclass

from commerce.customers.access import (
    Method,
    NotSignedIn,
    Purpose,
    SignedIn,
    Visit,
)
from commerce.customers.codes import OneTimeCodes, Target
from commerce.customers.contact import Channel
from commerce.customers.lockouts import Lockouts
from commerce.customers.models import NewCustomer, tidy_email
from commerce.customers.passwords import Passwords
from commerce.customers.ports import GuestBelongings
from commerce.customers.registrations import Registrations
from commerce.customers.service import AlreadyRegistered, Customers
from commerce.customers.sessions import Sessions
from foundation.auth import Principal, Role
from foundation.sql import Ledger

OPENS = frozenset({Purpose.SIGN_IN, Purpose.VERIFY_EMAIL})
"""Which codes by e-mail let their reader in: either shows that the address is theirs."""


@dataclass(frozen=True)
class Access:
    """The parts of signing in: credentials, sessions and lockouts."""

    codes: OneTimeCodes
    passwords: Passwords
    lockouts: Lockouts
    sessions: Sessions
    registrations: Registrations

    def prune(self) -> int:
        """Forget what is long over, and registrations that nobody completed; how many."""
        return self.sessions.prune() + self.registrations.prune()


class SignIn:
    """Nothing here reveals to a stranger whether an address has an account."""

    def __init__(
        self, ledger: Ledger, customers: Customers, access: Access, *, belongings: Sequence[GuestBelongings]
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._access = access
        self._belongings = tuple(belongings)

    def register(self, new: NewCustomer, *, visit: Visit) -> None:
        """Send the code that opens the account and lets its owner in; where there is one, just lets in."""
        with self._ledger.transaction():
            try:
                customer_id = self._access.registrations.put(new)
                purpose, template = Purpose.VERIFY_EMAIL, "verify_email"
            except AlreadyRegistered:
                customer_id = self._customers.id_of(new.email) or ""
                purpose, template = Purpose.SIGN_IN, "sign_in_code"
            target = Target("email", tidy_email(new.email), customer_id, template)
            self._access.codes.send(target, purpose=purpose, ip=visit.ip)

    def send_code(self, email: str, *, visit: Visit) -> None:
        target = Target("email", tidy_email(email), self._owner(email), "sign_in_code")
        self._access.codes.send(target, purpose=Purpose.SIGN_IN, ip=visit.ip)

    def by_code(self, email: str, code: str, *, visit: Visit) -> SignedIn:
        self._access.lockouts.begin(account=None, ip=visit.ip)
        customer_id = self._owner(email)
        with self._ledger.transaction():
            is_right = self._access.codes.check("email", tidy_email(email), code, purposes=OPENS)
            if not is_right or customer_id is None:
                raise NotSignedIn(Method.CODE)
            self._access.registrations.complete(customer_id)
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

    def _owner(self, email: str) -> str | None:
        """Whose address it is, or would be once it is shown to be theirs."""
        return self._customers.id_of(email) or self._access.registrations.id_of(email)

    def _let_in(self, customer_id: str, method: Method, visit: Visit) -> SignedIn:
        self._customers.lock(customer_id)
        if visit.guest_id is not None:
            for thing in self._belongings:
                thing.adopt(visit.guest_id, customer_id)
        principal = Principal(customer_id, Role.CUSTOMER)
        return self._access.sessions.open(principal, method=method, device=visit.device)
