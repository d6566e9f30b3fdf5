"""Pending actions: calls that a model proposed, stored until the customer confirms or cancels them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Row,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation.clock import Clock
from foundation.errors import Conflict, NotFound
from foundation.ids import new_id
from foundation.personal import personal
from foundation.sql import Ledger, metadata
from tools.base import Tool, ToolArguments, ToolContext
from tools.effects import digest

pending_actions = Table(
    "pending_actions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("thread_id", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("asked_in", Text, nullable=False),
    Column("principal_id", Text, nullable=False, index=True),
    Column("tool", Text, nullable=False),
    Column("arguments", JSONB, nullable=False),
    Column("digest", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("thread_id", "call_id"),
    info=personal("principal_id"),
)

WAITING = "waiting"
DONE = "done"
CANCELLED = "cancelled"
SUPERSEDED = "superseded"
REFUSED = "refused"
EXPIRED = "expired"

LATEST_WAITING = (
    select(pending_actions)
    .where(
        pending_actions.c.thread_id == bindparam("thread"),
        pending_actions.c.status == literal_column(f"'{WAITING}'"),
        pending_actions.c.expires_at > bindparam("at"),
    )
    .order_by(pending_actions.c.created_at.desc())
    .limit(1)
)
"""Compiled once, since every turn runs it."""


class ActionNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is nothing like that to confirm.")


class ActionClosed(Conflict):
    def __init__(self, status: str) -> None:
        reasons = {
            CANCELLED: "That was cancelled, so nothing was done. Ask again if you still want it.",
            SUPERSEDED: "That was replaced by a newer question, so nothing was done.",
        }
        super().__init__(reasons.get(status, "That can no longer be confirmed. Please ask again."))


class ActionExpired(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "That question has expired, so nothing was done. Ask again and I will check it afresh."
        )


class TermsChanged(Conflict):
    def __init__(self, sentence: str) -> None:
        super().__init__(
            f"Something changed since I asked, so nothing was done. It would now be this: {sentence} "
            "Tell me if you still want it."
        )


@dataclass(frozen=True)
class PendingAction:
    id: str
    thread_id: str
    asked_in: str
    """The turn whose reply last contained the question."""
    principal_id: str
    tool: str
    arguments: Mapping[str, Any]
    """As stored; the tool validates them when the action is carried out."""
    sentence: str
    status: str
    expires_at: datetime


class Confirmations:
    def __init__(self, ledger: Ledger, *, now: Clock, expire_after: timedelta) -> None:
        self._ledger = ledger
        self._now = now
        self._expire_after = expire_after

    def propose(
        self, tool: Tool, context: ToolContext, arguments: ToolArguments, *, turn_id: str
    ) -> PendingAction:
        """Store the call until it is confirmed; it supersedes the thread's other waiting actions.

        Raises the tool's own refusal when it could not be carried out anyway.
        """
        with self._ledger.transaction() as tx:
            known = _row(tx, _call(context))
            if known is not None:
                return _action(known)
            sentence = tool.propose(context, arguments)
            self._close(tx, context.thread_id, SUPERSEDED)
            row = {
                "id": new_id("act"),
                "thread_id": context.thread_id,
                "call_id": context.call_id,
                "asked_in": turn_id,
                "principal_id": context.principal.id,
                "tool": tool.name,
                "arguments": arguments.to_json(),
                "digest": digest(tool, arguments),
                "sentence": sentence,
                "status": WAITING,
                "created_at": self._now(),
                "expires_at": self._now() + self._expire_after,
            }
            stored = tx.execute(insert(pending_actions).values(row).returning(pending_actions)).one()
        return _action(stored)

    def waiting(self, thread_id: str, *, at: datetime | None = None) -> PendingAction | None:
        """The thread's waiting action, unless it had expired by then."""
        asked = {"thread": thread_id, "at": at or self._now()}
        with self._ledger.autocommit() as tx:
            row = tx.execute(LATEST_WAITING, asked).one_or_none()
        return None if row is None else _action(row)

    def find(self, action_id: str, *, principal_id: str) -> PendingAction:
        mine = and_(pending_actions.c.id == action_id, pending_actions.c.principal_id == principal_id)
        with self._ledger.autocommit() as tx:
            row = _row(tx, mine)
        if row is None:
            raise ActionNotFound
        return _action(row)

    def ask_again(self, action_id: str, *, turn_id: str) -> None:
        """Record that this turn's reply contains the question, so that a yes right after it counts."""
        with self._ledger.transaction() as tx:
            tx.execute(_update(action_id).values(asked_in=turn_id))

    def close(self, action_id: str, *, status: str = CANCELLED) -> None:
        with self._ledger.transaction() as tx:
            tx.execute(_update(action_id).where(pending_actions.c.status == WAITING).values(status=status))

    def complete(self, action_id: str, *, confirmed_at: datetime) -> bool:
        """Mark the action done, in the transaction that carries it out; False when it is done already.

        Raises:
            ActionExpired: the yes came after it had expired.
            ActionClosed: it was cancelled or superseded meanwhile.
        """
        with self._ledger.transaction() as tx:
            row = _row(tx, pending_actions.c.id == action_id, lock=True)
            if row is None:
                raise ActionNotFound
            if row.status == DONE:
                return False
            if row.status != WAITING:
                raise ActionClosed(row.status)
            if confirmed_at > row.expires_at:
                raise ActionExpired
            tx.execute(_update(action_id).values(status=DONE))
            return True

    def expire(self) -> int:
        """Close the actions that nobody confirmed in time; how many."""
        late = and_(pending_actions.c.status == WAITING, pending_actions.c.expires_at <= self._now())
        with self._ledger.autocommit() as tx:
            return tx.execute(update(pending_actions).where(late).values(status=EXPIRED)).rowcount

    def _close(self, tx: Connection, thread_id: str, status: str) -> None:
        waits = and_(pending_actions.c.thread_id == thread_id, pending_actions.c.status == WAITING)
        tx.execute(update(pending_actions).where(waits).values(status=status))


def _row(tx: Connection, condition: Any, *, lock: bool = False) -> Row[Any] | None:  # noqa: ANN401 - an SQL clause
    asked = select(pending_actions).where(condition).order_by(pending_actions.c.created_at.desc()).limit(1)
    return tx.execute(asked.with_for_update() if lock else asked).one_or_none()


def _call(context: ToolContext) -> Any:  # noqa: ANN401 - an SQL clause
    return and_(
        pending_actions.c.thread_id == context.thread_id, pending_actions.c.call_id == context.call_id
    )


def _update(action_id: str) -> Any:  # noqa: ANN401 - an SQL statement
    return update(pending_actions).where(pending_actions.c.id == action_id)


def _action(row: Row[Any]) -> PendingAction:
    return PendingAction(
        id=row.id,
        thread_id=row.thread_id,
        asked_in=row.asked_in,
        principal_id=row.principal_id,
        tool=row.tool,
        arguments=row.arguments,
        sentence=row.sentence,
        status=row.status,
        expires_at=row.expires_at,
    )
