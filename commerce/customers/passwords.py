"""Passwords: argon2id, and the same work for an account that has none."""

from functools import lru_cache

import argon2
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from commerce.customers import access_store
from foundation.clock import Clock
from foundation.sql import Ledger

HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""The least that OWASP names, 19 MiB and two passes: a dozen sign-ins at once fit a small machine."""


class Passwords:
    def __init__(self, ledger: Ledger, *, now: Clock, hasher: argon2.PasswordHasher = HASHER) -> None:
        self._ledger = ledger
        self._now = now
        self._hasher = hasher
        self._nobodys = _nobodys(hasher)

    def put(self, principal_id: str, password: str) -> None:
        hashed = self._hasher.hash(password)
        with self._ledger.transaction() as connection:
            access_store.put_password(connection, principal_id, hashed, now=self._now())

    def has(self, principal_id: str) -> bool:
        with self._ledger.autocommit() as connection:
            return access_store.password_of(connection, principal_id) is not None

    def fits(self, principal_id: str | None, password: str) -> bool:
        """False for nobody, in the same time."""
        with self._ledger.autocommit() as connection:
            known = access_store.password_of(connection, principal_id or "")
        try:
            self._hasher.verify(known or self._nobodys, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
        if principal_id is None or known is None:
            return False
        if self._hasher.check_needs_rehash(known):
            self.put(principal_id, password)
        return True


@lru_cache(maxsize=4)
def _nobodys(hasher: argon2.PasswordHasher) -> str:
    """Once a process, since to hash takes 30 ms."""
    return hasher.hash("a password that nobody has")
