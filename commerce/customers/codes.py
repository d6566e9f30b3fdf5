"""One-time codes: six digits, for ten minutes, five tries, and only so many an hour."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from commerce.customers import access_store
from commerce.customers.access import (
    A_CODE,
    CODE_LASTS,
    CODE_TRIES,
    MOST_CODES_FROM_ADDRESS,
    MOST_CODES_TO_ONE,
    MOST_CODES_TO_ONE_FOR_ALL,
    SENDING_WINDOW,
    CodesTooOften,
    Purpose,
    wait_to_send,
)
from commerce.customers.events import SealedCode, code_notice
from foundation.clock import Clock
from foundation.crypto import DataKeys, LookupDigest
from foundation.ids import new_id
from foundation.outbox import Outbox
from foundation.sql import Ledger

NOBODY = "nobody"
"""Under whose key a code is sealed that is for no account."""
Dice = Callable[[], str]


def six_digits() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


@dataclass(frozen=True)
class Target:
    """Where a code goes."""

    kind: str
    """`email` or `phone`."""
    address: str
    customer_id: str | None
    """None for an address that has no account: all is done but the sending."""
    template: str


class OneTimeCodes:
    def __init__(
        self,
        ledger: Ledger,
        outbox: Outbox,
        keys: DataKeys,
        digests: LookupDigest,
        *,
        now: Clock,
        dice: Dice = six_digits,
    ) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._keys = keys
        self._digests = digests
        self._now = now
        self._dice = dice

    def send(self, target: Target, *, purpose: Purpose, ip: str) -> None:
        """Raises CodesTooOften, for an address without an account as for any other."""
        now = self._now()
        code_id, code = new_id("otc"), self._dice()
        to = {"target_digest": self._target(target.kind, target.address)}
        asker = {"ip_digest": self._digests.digest("codes.ip", ip)}
        row = {
            "id": code_id,
            "purpose": purpose.value,
            "code_digest": self._code(code_id, code),
            "sent_at": now,
            "expires_at": now + CODE_LASTS,
            **to,
            **asker,
        }
        with self._ledger.transaction() as connection:
            for digest in (*to.values(), *asker.values()):
                access_store.one_at_a_time(connection, f"codes:{digest}")
            for alike, most in (
                (to | asker, MOST_CODES_TO_ONE),
                (to, MOST_CODES_TO_ONE_FOR_ALL),
                (asker, MOST_CODES_FROM_ADDRESS),
            ):
                sent = access_store.codes_sent(connection, alike, since=now - SENDING_WINDOW)
                if (wait := wait_to_send(sent, now, most=most)) > timedelta(0):
                    raise CodesTooOften(wait)
            access_store.add_code(connection, row)
            self._send(target, code_id, code)

    def check(self, kind: str, address: str, code: str, *, purposes: frozenset[Purpose]) -> bool:
        """Whether it is the latest code that went there; it is used up in the caller's transaction.

        The try is counted in a transaction of its own, so that no refusal takes it back.
        """
        now = self._now()
        with self._ledger.new_transaction() as connection:
            sent = access_store.try_code(
                connection,
                purposes=[each.value for each in purposes],
                target_digest=self._target(kind, address),
                now=now,
                most=CODE_TRIES,
            )
        given = self._code(sent["id"] if sent else NOBODY, code)
        is_right = hmac.compare_digest(given, sent["code_digest"] if sent else "")
        if sent is None or not is_right or not A_CODE.fullmatch(code):
            return False
        with self._ledger.transaction() as connection:
            return access_store.use_code(connection, sent["id"], now=now)

    def _send(self, target: Target, code_id: str, code: str) -> None:
        """Without an account the same is written, to a topic without a subscriber: timing reveals nothing."""
        owner = target.customer_id or NOBODY
        sealed = SealedCode(
            about=code_id,
            code=self._keys.seal(owner, code, context="notices.code"),
            address=self._keys.seal(owner, target.address, context=f"notices.{target.kind}"),
            expires_at=self._now() + CODE_LASTS,
        )
        notice = code_notice(target.template, sealed, is_deliverable=target.customer_id is not None)
        event_id = f"ntc_{target.template}_{code_id}"
        self._outbox.publish(notice, customer_id=target.customer_id, event_id=event_id)

    def _target(self, kind: str, address: str) -> str:
        return self._digests.digest(f"codes.{kind}", address)

    def _code(self, code_id: str, code: str) -> str:
        return self._digests.digest("codes.code", f"{code_id}|{code}")
