"""Turns each event of the topic `notices` into one message, sent once.

The row of a notice is committed before anything is sent, and so is each attempt. An attempt without
an answer, or without a record of its outcome, is repeated only after the carrier was asked whether
it had sent the message.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from commerce.customers.contact import NOTICES, Channel
from commerce.notices import store
from commerce.notices.models import (
    TEXTED,
    Message,
    Notice,
    NoticeEvent,
    Status,
    Tally,
    Unsendable,
    Written,
    in_a_line,
    pause,
)
from commerce.notices.ports import Carrier, CarrierSilent
from commerce.notices.recipients import Recipients
from commerce.notices.writing import Writer, masked
from foundation.clock import Clock
from foundation.crypto import DataKeys, KeyShredded
from foundation.errors import Conflict, NotFound
from foundation.keyset import Keyset
from foundation.log import logger
from foundation.outbox import Decoder, Event, Subscriber, Subscription, document
from foundation.sql import Ledger

SUBSCRIPTION = Subscription("notices", frozenset({NOTICES}))
A_TRY_TAKES = timedelta(minutes=5)
"""Longer than any carrier's timeout; an attempt that is still open then was interrupted."""
MOST_AT_ONCE = 100
KEPT = timedelta(days=90)
LONGEST_REASON = 300
COLUMNS = ("template", "about", "channel")
"""Fields of a notice that are columns of its row."""
SEALED_AS = "notices.written"
log = logger(__name__)


class NoSuchNotice(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such notice.")


class NotADeadLetter(Conflict):
    def __init__(self) -> None:
        super().__init__("Only a notice that was given up can be sent again.")


@dataclass(frozen=True)
class Post:
    """The carriers, and the unsubscribe link."""

    mailer: Carrier
    texter: Carrier
    unsubscribe: Callable[[str], str]
    """The customer's unsubscribe link."""

    def carrier(self, channel: Channel) -> Carrier:
        return self.mailer if channel is Channel.EMAIL else self.texter


class Notices:
    def __init__(
        self,
        ledger: Ledger,
        recipients: Recipients,
        keys: DataKeys,
        writer: Writer,
        post: Post,
        *,
        now: Clock,
    ) -> None:
        self._ledger = ledger
        self._recipients = recipients
        self._keys = keys
        self._writer = writer
        self._post = post
        self._now = now

    def subscriber(self) -> Subscriber[NoticeEvent]:
        return Subscriber(SUBSCRIPTION, self.send, Decoder(*self._writer.kinds, discriminator="template"))

    def send(self, events: Sequence[Event[NoticeEvent]]) -> None:
        """Store the notices, and attempt each once."""
        for event in events:
            with self._ledger.new_transaction() as connection:
                store.add(connection, _notice(event))
            self._try(event.id)

    def send_due(self) -> int:
        """Attempt the notices that are due again; how many."""
        with self._ledger.transaction() as connection:
            waiting = store.due(connection, now=self._now(), limit=MOST_AT_ONCE)
        return sum(self._try(notice_id) for notice_id in waiting)

    def prune(self) -> int:
        """Delete notices older than three months, with the carriers' local copies; how many."""
        pruned = 0
        while stale := self._settled():
            for notice in stale:
                self._post.carrier(notice.channel).forget(notice.id)
            with self._ledger.transaction() as connection:
                store.drop(connection, [notice.id for notice in stale])
            pruned += len(stale)
        return pruned

    def resend(self, notice_id: str) -> Notice:
        """Attempt a dead letter once more."""
        with self._ledger.transaction() as connection:
            revived = store.revive(connection, notice_id, now=self._now())
        if not revived:
            self.find(notice_id)
            raise NotADeadLetter
        self._try(notice_id)
        return self.find(notice_id)

    def find(self, notice_id: str) -> Notice:
        with self._ledger.transaction() as connection:
            found = store.find(connection, notice_id)
        if found is None:
            raise NoSuchNotice
        return found

    def latest(
        self, *, status: Status | None = None, limit: int = 50, after: Keyset | None = None
    ) -> list[Notice]:
        with self._ledger.transaction() as connection:
            return store.latest(connection, status=status, limit=limit, after=after)

    def written(self, notice: Notice) -> Written | None:
        """What was sent, with secrets masked; None when nothing was sent, or the customer is erased."""
        if notice.written_sealed is None:
            return None
        try:
            text = self._keys.open(notice.customer_id, notice.written_sealed, context=SEALED_AS)
        except KeyShredded:
            return None
        return Written(**json.loads(text))

    def tally(self) -> Tally:
        with self._ledger.transaction() as connection:
            return store.tally(connection)

    def _settled(self) -> list[Notice]:
        with self._ledger.transaction() as connection:
            return store.settled(connection, before=self._now() - KEPT, limit=MOST_AT_ONCE)

    def _try(self, notice_id: str) -> bool:
        """Whether this call attempted it."""
        now = self._now()
        with self._ledger.new_transaction() as connection:
            notice = store.claim(connection, notice_id, now=now, until=now + A_TRY_TAKES)
        if notice is None:
            return False
        outcome = self._outcome(notice)
        with self._ledger.new_transaction() as connection:
            store.settle(connection, notice.id, outcome)
        if outcome["status"] is Status.DEAD_LETTER:
            log.error(
                "notice_dead_lettered",
                notice_id=notice.id,
                template=notice.template,
                reason=outcome["reason"],
            )
        return True

    def _outcome(self, notice: Notice) -> Mapping[str, Any]:
        """Send it, and return the outcome."""
        try:
            if not self._recipients.wants(notice):
                return {"status": Status.WITHHELD, "reason": "the customer does not want offers"}
            written = self._send(notice)
        except CarrierSilent as silence:
            return self._postponed(notice, f"no answer: {silence}")
        except Unsendable as refusal:
            return {"status": Status.DEAD_LETTER, "reason": str(refusal)[:LONGEST_REASON]}
        except Exception as fault:  # a fault of ours in one notice must not keep the others waiting
            log.exception("notice_failed", notice_id=notice.id, template=notice.template)
            return self._postponed(notice, type(fault).__name__)
        return {"status": Status.SENT, "reason": None, "sent_at": self._now(), "written_sealed": written}

    def _postponed(self, notice: Notice, why: str) -> Mapping[str, Any]:
        reason = in_a_line(why)[:LONGEST_REASON]
        wait = pause(notice.attempts)
        if wait is None:
            return {"status": Status.DEAD_LETTER, "reason": reason}
        return {"status": Status.WAITING, "reason": reason, "next_attempt_at": self._now() + wait}

    def _send(self, notice: Notice) -> str:
        """Send it unless an earlier attempt did; what was sent, sealed."""
        if notice.is_stale(self._now()):
            raise Unsendable("what it says holds no longer")
        secrets = self._recipients.secrets(notice)
        recipient = self._recipients.of(notice, secrets)
        unsubscribe = self._post.unsubscribe(notice.customer_id) if notice.is_promotional else None
        fields = {**notice.fields, "about": notice.about, "unsubscribe": unsubscribe}

        def write(fields: Mapping[str, Any]) -> Written:
            return self._writer.write(notice.template, fields, name=recipient.name, channel=notice.channel)

        message = Message(notice.id, recipient, write({**fields, **secrets}), self._now(), unsubscribe)
        carrier = self._post.carrier(notice.channel)
        if notice.attempts == 1 or not carrier.has_sent(notice.id):
            carrier.send(message)
        kept = write(masked(fields, secrets)) if secrets else message.written
        return self._keys.seal(notice.customer_id, json.dumps(vars(kept)), context=SEALED_AS)


def _notice(event: Event[NoticeEvent]) -> Notice:
    template, about = event.payload.template, event.payload.about
    usual = Channel.TEXT if template in TEXTED else Channel.EMAIL
    fields = document(event.payload)
    is_text = fields.get("channel", usual) == Channel.TEXT
    return Notice(
        id=event.id,
        customer_id=event.customer_id or "",
        template=template,
        about=about,
        channel=Channel.TEXT if is_text else Channel.EMAIL,
        fields={name: value for name, value in fields.items() if name not in COLUMNS},
        status=Status.WAITING,
        attempts=0,
        next_attempt_at=event.at,
        reason=None,
        written_sealed=None,
        created_at=event.at,
        sent_at=None,
    )
