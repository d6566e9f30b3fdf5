"""Threads, the messages that came in, their turns and each turn's journal, in the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    DateTime,
    Integer,
    Text,
    Update,
    and_,
    bindparam,
    case,
    exists,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from agent.turns.journal import Journal, JournalEntry
from agent.turns.models import Inbound, Receipt, TurnStatus
from agent.turns.tables import journal, messages, threads, turns
from foundation.clock import Clock
from foundation.errors import NotFound
from foundation.ids import new_id
from foundation.masking import mask
from foundation.sql import Ledger

HISTORY_TURNS = 12


class LeaseLost(Exception):
    """Another process has taken this turn over; whatever this one still wanted to write is void."""


class ThreadNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such conversation.")


class TurnNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such message.")


@dataclass(frozen=True)
class Said:
    """One message of the customer, masked."""

    message_id: str
    text: str
    masked: tuple[str, ...]
    action_id: str | None
    decision: str | None
    at: datetime


@dataclass(frozen=True)
class Claim:
    """A turn that this process alone may work on, with all that it needs to go on."""

    turn_id: str
    thread_id: str
    principal_id: str
    role: str
    channel: str
    fence: int
    attempt: int
    answered: bool
    said: tuple[Said, ...]
    history: tuple[dict[str, Any], ...]
    """The messages of the turns before, oldest first, as a model reads them."""
    previous_turn: str | None
    journal: Journal
    reply: dict[str, Any] | None


OPEN_THREAD = (
    insert(threads)
    .on_conflict_do_update(index_elements=["id"], set_={"channel": threads.c.channel})
    .returning(threads.c.principal_id)
)
ADD_TURN, ADD_MESSAGE = insert(turns), insert(messages)
FIND_TURNS = select(
    select(messages.c.turn_id)
    .where(messages.c.thread_id == bindparam("thread"), messages.c.message_id == bindparam("message"))
    .scalar_subquery()
    .label("known"),
    select(turns.c.id)
    .where(turns.c.thread_id == bindparam("thread"), turns.c.status == literal_column("'queued'"))
    .scalar_subquery()
    .label("queued"),
)
TAKE_LEASE = (
    update(threads)
    .where(
        threads.c.id == bindparam("thread"),
        or_(threads.c.lease_until.is_(None), threads.c.lease_until <= bindparam("now")),
    )
    .values(lease_until=bindparam("until"), fence=threads.c.fence + 1)
    .returning(threads.c.fence)
)
NEXT_TURN = (
    select(turns.c.id)
    .where(turns.c.thread_id == bindparam("thread"), turns.c.status != literal_column("'done'"))
    .order_by(turns.c.number)
    .limit(1)
    .scalar_subquery()
)
TAKE_TURN = (
    update(turns)
    .where(turns.c.id == NEXT_TURN)
    .values(
        status=case(
            (turns.c.status == literal_column("'answered'"), turns.c.status), else_=TurnStatus.RUNNING.value
        ),
        fence=bindparam("held"),
        attempts=turns.c.attempts + 1,
    )
    .returning(turns)
)
MORE_WAITS = select(
    exists().where(turns.c.thread_id == bindparam("thread"), turns.c.status != literal_column("'done'"))
)
HELD_TURN = and_(turns.c.id == bindparam("turn"), turns.c.fence == bindparam("held"))
ANSWER = (
    update(turns)
    .where(HELD_TURN)
    .values(
        status=TurnStatus.ANSWERED.value,
        exchange=bindparam("said", type_=JSONB),
        reply=bindparam("answered", type_=JSONB),
    )
)
GIVE_BACK = (
    update(threads)
    .where(threads.c.id == bindparam("thread"), threads.c.fence == bindparam("held"))
    .values(lease_until=None)
)
FINISH = (
    update(turns)
    .where(HELD_TURN)
    .values(status=TurnStatus.DONE.value, finished_at=bindparam("at"))
    .add_cte(GIVE_BACK.cte("given_back"))
)
TURN_MESSAGES = select(messages).where(messages.c.turn_id == bindparam("turn")).order_by(messages.c.number)
HISTORY = (
    select(turns.c.id, turns.c.exchange)
    .where(
        turns.c.thread_id == bindparam("thread"),
        turns.c.number < bindparam("number"),
        turns.c.exchange.is_not(None),
    )
    .order_by(turns.c.number.desc())
    .limit(HISTORY_TURNS)
)
JOURNAL = (
    select(journal.c.key, journal.c.data)
    .where(journal.c.turn_id == bindparam("turn"))
    .order_by(journal.c.number)
)
APPEND = insert(journal).from_select(
    ["turn_id", "key", "attempt", "data", "at"],
    select(
        turns.c.id,
        bindparam("key", type_=Text),
        bindparam("attempt", type_=Integer),
        bindparam("data", type_=JSONB),
        bindparam("at", type_=DateTime(timezone=True)),
    ).where(turns.c.id == bindparam("turn"), turns.c.fence == bindparam("fence")),
)
APPEND_ONCE = APPEND.on_conflict_do_nothing().returning(journal.c.key)
HOLDS = (
    select(turns.c.id)
    .where(turns.c.id == bindparam("turn"), turns.c.fence == bindparam("fence"))
    .with_for_update(read=True)
)


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

    def claim(self, thread_id: str) -> Claim | None:
        """The thread's oldest turn that is not done; None when there is none, or another has the lease."""
        now = self._now()
        lease = {"thread": thread_id, "now": now, "until": now + self._lease}
        with self.ledger.transaction() as tx:
            fence = tx.scalar(TAKE_LEASE, lease)
            if fence is None:
                return None
            turn = tx.execute(TAKE_TURN, {"thread": thread_id, "held": fence}).one_or_none()
            if turn is None:
                tx.rollback()
                return None
            said = tx.execute(TURN_MESSAGES, {"turn": turn.id}).all()
            past = tx.execute(HISTORY, {"thread": thread_id, "number": turn.number}).all()
            entries = tx.execute(JOURNAL, {"turn": turn.id}).all() if turn.attempts > 1 else []
        return Claim(
            turn_id=turn.id,
            thread_id=thread_id,
            principal_id=turn.principal_id,
            role=turn.role,
            channel=turn.channel,
            fence=fence,
            attempt=turn.attempts,
            answered=turn.status == TurnStatus.ANSWERED,
            said=tuple(
                Said(m.message_id, m.text, tuple(m.masked), m.action_id, m.decision, m.at) for m in said
            ),
            history=tuple(message for row in reversed(past) for message in row.exchange),
            previous_turn=past[0].id if past else None,
            journal=Journal.from_rows((entry.key, entry.data) for entry in entries),
            reply=turn.reply,
        )

    def renew(self, claim: Claim) -> None:
        """Keep the lease; raises LeaseLost when another has it."""
        holds = and_(threads.c.id == claim.thread_id, threads.c.fence == claim.fence)
        with self.ledger.transaction() as tx:
            kept = tx.execute(update(threads).where(holds).values(lease_until=self._now() + self._lease))
        if kept.rowcount == 0:
            raise LeaseLost

    def release(self, claim: Claim) -> None:
        """Let others have the thread at once, the turn unfinished."""
        with self.ledger.at_once() as tx:
            tx.execute(GIVE_BACK, {"thread": claim.thread_id, "held": claim.fence})

    def hold(self, tx: Connection, turn_id: str, fence: int) -> None:
        """For the length of this transaction, no other process can take the turn; raises LeaseLost."""
        if tx.scalar(HOLDS, {"turn": turn_id, "fence": fence}) is None:
            raise LeaseLost

    def append(self, claim: Claim, entry: JournalEntry) -> None:
        """Add an entry to the turn's journal; the first one under a key stays."""
        row = {"turn": claim.turn_id, "fence": claim.fence, "key": entry.key, "attempt": claim.attempt}
        with self.ledger.at_once() as tx:
            if tx.scalar(APPEND_ONCE, {**row, "data": entry.to_json(), "at": self._now()}) is None:
                self.hold(tx, claim.turn_id, claim.fence)

    def answer(
        self, claim: Claim, *, exchange: Sequence[Mapping[str, Any]], reply: Mapping[str, Any]
    ) -> None:
        """Store what was said; from here on the customer has an answer."""
        with self.ledger.at_once() as tx:
            self._change(tx, ANSWER, claim, {"said": list(exchange), "answered": dict(reply)})

    def finish(self, claim: Claim) -> bool:
        """Close the turn and give the lease back; whether another turn waits in the thread.

        A message that comes in meanwhile waits for the lease's row, and so is either seen here or
        finds the lease free.
        """
        with self.ledger.transaction() as tx:
            self._change(tx, FINISH, claim, {"thread": claim.thread_id, "at": self._now()})
            return bool(tx.scalar(MORE_WAITS, {"thread": claim.thread_id}))

    def lapsed(self, *, older_than: timedelta = timedelta(seconds=5), limit: int = 100) -> list[str]:
        """Threads with work that has waited that long and that nobody holds a lease on."""
        now = self._now()
        open_turns = exists().where(
            turns.c.thread_id == threads.c.id,
            turns.c.status != TurnStatus.DONE,
            turns.c.created_at <= now - older_than,
        )
        free = or_(threads.c.lease_until.is_(None), threads.c.lease_until <= now)
        with self.ledger.transaction() as tx:
            return list(tx.scalars(select(threads.c.id).where(free, open_turns).limit(limit)))

    def turn(self, turn_id: str) -> dict[str, Any]:
        with self.ledger.at_once() as tx:
            row = tx.execute(select(turns).where(turns.c.id == turn_id)).mappings().one_or_none()
        if row is None:
            raise TurnNotFound
        return dict(row)

    def journal(self, turn_id: str) -> Journal:
        with self.ledger.at_once() as tx:
            entries = tx.execute(JOURNAL, {"turn": turn_id}).all()
        return Journal.from_rows((entry.key, entry.data) for entry in entries)

    def thread(self, thread_id: str, principal_id: str, *, limit: int = 100) -> list[dict[str, Any]]:
        """Each message with its turn's reply, oldest first; raises ThreadNotFound for anybody else."""
        owned = select(threads.c.id).where(threads.c.id == thread_id, threads.c.principal_id == principal_id)
        latest = (
            select(
                messages.c.text,
                messages.c.at,
                turns.c.id,
                turns.c.reply,
                turns.c.created_at,
                turns.c.finished_at,
            )
            .join(turns, turns.c.id == messages.c.turn_id)
            .where(messages.c.thread_id == thread_id)
            .order_by(messages.c.number.desc())
            .limit(limit)
        )
        with self.ledger.transaction() as tx:
            if tx.scalar(owned) is None:
                raise ThreadNotFound
            return [dict(row) for row in tx.execute(latest).mappings()][::-1]

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

    def _change(self, tx: Connection, change: Update, claim: Claim, values: Mapping[str, Any]) -> None:
        if tx.execute(change, {"turn": claim.turn_id, "held": claim.fence, **values}).rowcount == 0:
            raise LeaseLost
