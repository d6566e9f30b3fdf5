"""Threads, the messages that came in, their turns and each turn's journal, in the ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Update, and_, exists, or_, select, update

from agent.models.base import Message
from agent.turns.journal import Journal, JournalEntry
from agent.turns.models import (
    Inbound,
    LeasedTurn,
    Receipt,
    Reply,
    StoredMessage,
    StoredTurn,
    TurnStatus,
    UserMessage,
)
from agent.turns.queries import (
    ACQUIRE_LEASE,
    ADD_MESSAGE,
    ADD_TURN,
    APPEND_ENTRY,
    FIND_TURNS,
    FINISH_TURN,
    HAS_MORE,
    HISTORY,
    JOURNAL,
    LOCK_TURN,
    OPEN_THREAD,
    RELEASE_LEASE,
    START_TURN,
    STORE_REPLY,
    TURN_MESSAGES,
)
from agent.turns.tables import messages, threads, turns
from foundation.auth import Principal
from foundation.clock import Clock
from foundation.errors import NotFound
from foundation.ids import new_id
from foundation.masking import mask
from foundation.sql import Ledger


class LeaseLost(Exception):
    """Another process has acquired this turn; this one may write nothing more for it."""


class ThreadNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such conversation.")


class TurnNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such message.")


class TurnStore:
    def __init__(self, ledger: Ledger, *, now: Clock, lease: timedelta) -> None:
        self.ledger = ledger
        self._now = now
        self._lease = lease

    def accept(self, inbound: Inbound) -> Receipt:
        """Store the message; a replay finds the turn that it already has. A thread has one owner."""
        masked = mask(inbound.text)
        now = self._now()
        with self.ledger.transaction() as tx:
            self._open(tx, inbound, now)
            there = {"thread": inbound.thread_id, "message": inbound.message_id}
            known, queued = tx.execute(FIND_TURNS, there).one()
            if known is not None:
                return Receipt(known, inbound.thread_id, is_replay=True)
            # A burst of messages gets one answer.
            turn_id = queued or self._add_turn(tx, inbound, now)
            row = {
                "thread_id": inbound.thread_id,
                "message_id": inbound.message_id,
                "turn_id": turn_id,
                "text": masked.text,
                "masked": sorted(masked.found),
                "action_id": inbound.action_id,
                "decision": inbound.decision,
                "at": now,
            }
            tx.execute(ADD_MESSAGE, row)
        return Receipt(turn_id, inbound.thread_id)

    def acquire(self, thread_id: str) -> LeasedTurn | None:
        """Lease the thread for its oldest open turn; None when it has none, or is leased already."""
        now = self._now()
        lease = {"thread": thread_id, "now": now, "until": now + self._lease}
        with self.ledger.transaction() as tx:
            fence = tx.scalar(ACQUIRE_LEASE, lease)
            if fence is None:
                return None
            turn = tx.execute(START_TURN, {"thread": thread_id, "held_fence": fence}).one_or_none()
            if turn is None:
                tx.rollback()
                return None
            return _leased_turn(tx, turn)

    def renew(self, turn: LeasedTurn) -> None:
        """Extend the lease; raises LeaseLost when another process has acquired it."""
        holds = and_(threads.c.id == turn.thread_id, threads.c.fence == turn.fence)
        with self.ledger.transaction() as tx:
            kept = tx.execute(update(threads).where(holds).values(lease_until=self._now() + self._lease))
        if kept.rowcount == 0:
            raise LeaseLost

    def release(self, turn: LeasedTurn) -> None:
        """End the lease now, with the turn unfinished, so that another process can acquire it."""
        with self.ledger.autocommit() as tx:
            tx.execute(RELEASE_LEASE, {"thread": turn.thread_id, "held_fence": turn.fence})

    def hold(self, tx: Connection, turn_id: str, fence: int) -> None:
        """Prevent other processes from acquiring the turn until this transaction ends; raises LeaseLost."""
        if tx.scalar(LOCK_TURN, {"turn": turn_id, "fence": fence}) is None:
            raise LeaseLost

    def append(self, turn: LeasedTurn, entry: JournalEntry) -> None:
        """Add an entry to the turn's journal; the first one under a key stays."""
        row = {"turn": turn.turn_id, "fence": turn.fence, "key": entry.key, "attempt": turn.attempt}
        with self.ledger.autocommit() as tx:
            if tx.scalar(APPEND_ENTRY, {**row, "data": entry.to_json(), "at": self._now()}) is None:
                self.hold(tx, turn.turn_id, turn.fence)

    def answer(self, turn: LeasedTurn, *, exchange: Sequence[Message], reply: Reply) -> None:
        """Store the reply; from then on the turn is answered."""
        with self.ledger.autocommit() as tx:
            values = {"new_exchange": list(exchange), "new_reply": reply.to_json()}
            self._change(tx, STORE_REPLY, turn, values)

    def finish(self, turn: LeasedTurn) -> bool:
        """Close the turn and release the lease; whether the thread has another open turn.

        A message that comes in meanwhile waits for the lock on the thread's row, and so is either seen
        here or finds the lease released.
        """
        with self.ledger.transaction() as tx:
            self._change(tx, FINISH_TURN, turn, {"thread": turn.thread_id, "at": self._now()})
            return bool(tx.scalar(HAS_MORE, {"thread": turn.thread_id}))

    def lapsed(self, *, older_than: timedelta = timedelta(seconds=5), limit: int = 100) -> list[str]:
        """Threads without a lease whose oldest open turn is older than that."""
        now = self._now()
        open_turns = exists().where(
            turns.c.thread_id == threads.c.id,
            turns.c.status != TurnStatus.DONE,
            turns.c.created_at <= now - older_than,
        )
        free = or_(threads.c.lease_until.is_(None), threads.c.lease_until <= now)
        with self.ledger.transaction() as tx:
            return list(tx.scalars(select(threads.c.id).where(free, open_turns).limit(limit)))

    def turn(self, turn_id: str) -> StoredTurn:
        with self.ledger.autocommit() as tx:
            row = tx.execute(select(turns).where(turns.c.id == turn_id)).one_or_none()
        if row is None:
            raise TurnNotFound
        return StoredTurn(row.principal_id, TurnStatus(row.status), row.attempts, _reply(row.reply))

    def journal(self, turn_id: str) -> Journal:
        with self.ledger.autocommit() as tx:
            entries = tx.execute(JOURNAL, {"turn": turn_id}).all()
        return Journal({entry.key: entry.data for entry in entries})

    def thread(self, thread_id: str, principal_id: str, *, limit: int = 100) -> list[StoredMessage]:
        """Each message with its turn's reply, oldest first; raises ThreadNotFound for anybody else."""
        owned = select(threads.c.id).where(threads.c.id == thread_id, threads.c.principal_id == principal_id)
        latest = (
            select(turns.c.id, messages.c.text, messages.c.at, turns.c.reply)
            .join(turns, turns.c.id == messages.c.turn_id)
            .where(messages.c.thread_id == thread_id)
            .order_by(messages.c.number.desc())
            .limit(limit)
        )
        with self.ledger.transaction() as tx:
            if tx.scalar(owned) is None:
                raise ThreadNotFound
            rows = tx.execute(latest).all()
        return [StoredMessage(row.id, row.text, row.at, _reply(row.reply)) for row in reversed(rows)]

    def _open(self, tx: Connection, inbound: Inbound, now: datetime) -> None:
        row = {
            "id": inbound.thread_id,
            "principal_id": inbound.principal.id,
            "channel": inbound.channel,
            "created_at": now,
        }
        if tx.scalar(OPEN_THREAD, row) != inbound.principal.id:
            raise ThreadNotFound

    def _add_turn(self, tx: Connection, inbound: Inbound, now: datetime) -> str:
        turn_id = new_id("trn")
        row = {
            "id": turn_id,
            "thread_id": inbound.thread_id,
            "principal_id": inbound.principal.id,
            "role": inbound.principal.role_claim,
            "channel": inbound.channel,
            "status": TurnStatus.QUEUED,
            "created_at": now,
        }
        tx.execute(ADD_TURN, row)
        return turn_id

    def _change(self, tx: Connection, change: Update, turn: LeasedTurn, values: Mapping[str, Any]) -> None:
        if tx.execute(change, {"turn": turn.turn_id, "held_fence": turn.fence, **values}).rowcount == 0:
            raise LeaseLost


def _leased_turn(tx: Connection, turn: Row[Any]) -> LeasedTurn:
    """The turn of a lease just acquired, with its messages, history and journal."""
    rows = tx.execute(TURN_MESSAGES, {"turn": turn.id}).all()
    past = tx.execute(HISTORY, {"thread": turn.thread_id, "number": turn.number}).all()
    entries = tx.execute(JOURNAL, {"turn": turn.id}).all() if turn.attempts > 1 else []
    return LeasedTurn(
        turn_id=turn.id,
        thread_id=turn.thread_id,
        principal=Principal.from_role_claim(turn.principal_id, turn.role),
        channel=turn.channel,
        fence=turn.fence,
        attempt=turn.attempts,
        is_answered=turn.status == TurnStatus.ANSWERED,
        messages=tuple(_user_message(row) for row in rows),
        history=tuple(message for row in reversed(past) for message in row.exchange),
        previous_turn_id=past[0].id if past else None,
        journal=Journal({entry.key: entry.data for entry in entries}),
    )


def _user_message(row: Row[Any]) -> UserMessage:
    return UserMessage(row.message_id, row.text, tuple(row.masked), row.action_id, row.decision, row.at)


def _reply(stored: Mapping[str, Any] | None) -> Reply | None:
    return None if stored is None else Reply.from_json(stored)
