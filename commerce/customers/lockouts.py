"""Failed tries to sign in, by account, by address and by both, and the growing wait after them."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from commerce.customers import access_store
from commerce.customers.access import (
    FAILURES_FORGOTTEN,
    FREE_FAILURES,
    FREE_FAILURES_FROM_ADDRESS,
    FREE_FAILURES_OF_ALL,
    LockedOut,
    delay_after,
)
from foundation.clock import Clock
from foundation.crypto import LookupDigest
from foundation.sql import Ledger

ACCOUNT, BOTH, ADDRESS = "account", "account from address", "address"
FREE = {ACCOUNT: FREE_FAILURES_OF_ALL, BOTH: FREE_FAILURES, ADDRESS: FREE_FAILURES_FROM_ADDRESS}


class Lockouts:
    """A try counts as a failure until it turns out well, so that many at once are no way around."""

    def __init__(self, ledger: Ledger, digests: LookupDigest, *, now: Clock) -> None:
        self._ledger = ledger
        self._digests = digests
        self._now = now

    def begin(self, *, account: str | None, ip: str) -> None:
        """Count a try; commits on its own.

        account: what it aims at; None for a code, which counts its own tries.

        Raises:
            LockedOut: when this account or this address has to wait.
        """
        now = self._now()
        subjects = self._subjects(account, ip)
        with self._ledger.new_transaction() as connection:
            waits = [self._count(connection, *each, now=now) for each in subjects.items()]
            wait = max(waits)
            if wait > timedelta(0):
                connection.rollback()
        if wait > timedelta(0):
            raise LockedOut(wait)

    def succeeded(self, *, account: str | None, ip: str) -> None:
        """The account starts anew; of the address only this try is forgiven."""
        with self._ledger.new_transaction() as connection:
            for subject, kind in self._subjects(account, ip).items():
                access_store.forgive(connection, subject, by=1 if kind == ADDRESS else 1_000_000)

    def _subjects(self, account: str | None, ip: str) -> dict[str, str]:
        """In one order, so that no two tries wait for each other."""
        of_account = {ACCOUNT: account, BOTH: f"{account}|{ip}"} if account else {}
        named = {**of_account, ADDRESS: ip}
        return {self._digests.digest(f"lockouts.{kind}", name): kind for kind, name in named.items()}

    def _count(self, connection: Connection, subject: str, kind: str, *, now: datetime) -> timedelta:
        """How long it still has to wait; a try that may be made is counted."""
        known = access_store.failures_of(connection, subject, now=now)
        failures = 0 if now - known["last_at"] >= FAILURES_FORGOTTEN else int(known["failures"])
        wait: timedelta = known["last_at"] + delay_after(failures, free=FREE[kind]) - now
        if failures == 0 or wait <= timedelta(0):
            access_store.put_failures(connection, subject, failures + 1, now=now)
            return timedelta(0)
        return wait
