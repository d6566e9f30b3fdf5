"""Each effect happens once: its row and its change commit in one transaction."""

import hashlib
import json

from sqlalchemy import Column, DateTime, PrimaryKeyConstraint, Table, Text, bindparam, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation import metrics
from foundation.clock import Clock
from foundation.personal import personal
from foundation.sql import Ledger, metadata
from tools.base import Tool, ToolArguments, ToolContext
from tools.results import ToolResult

effects = Table(
    "effects",
    metadata,
    Column("thread_id", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("principal_id", Text, nullable=False, index=True),
    Column("tool", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("result", JSONB),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("thread_id", "call_id"),
    info=personal("principal_id"),
)

CLAIM = insert(effects).on_conflict_do_nothing().returning(effects.c.call_id)
ROW = (effects.c.thread_id == bindparam("thread"), effects.c.call_id == bindparam("call"))
FIND = select(effects.c.result).where(*ROW)
RECORD = update(effects).where(*ROW).values(result=bindparam("outcome", type_=JSONB))


def digest(tool: Tool, arguments: ToolArguments) -> str:
    """SHA-256 of the tool's name and its arguments in canonical JSON."""
    canonical = json.dumps([tool.name, arguments.to_json()], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class Effects:
    def __init__(self, ledger: Ledger, *, now: Clock) -> None:
        self._ledger = ledger
        self._now = now

    def perform(self, tool: Tool, context: ToolContext, arguments: ToolArguments) -> ToolResult:
        """Run the tool, or return the result of an earlier run of the same call, by any process.

        Concurrent runs wait for each other at the row. A refusal is raised and leaves nothing behind.
        """
        row = {
            "thread_id": context.thread_id,
            "call_id": context.call_id,
            "principal_id": context.principal.id,
            "tool": tool.name,
            "digest": digest(tool, arguments),
            "at": self._now(),
        }
        with self._ledger.transaction() as tx:
            if tx.scalar(CLAIM, row) is None:
                return self.find(tool, context)
            result = tool.run(context, arguments)
            tx.execute(RECORD, {**_key(context), "outcome": result.dump()})
        metrics.effects.labels(tool.name, "committed").inc()
        return result

    def find(self, tool: Tool, context: ToolContext) -> ToolResult:
        """The result of a call that was carried out before."""
        with self._ledger.transaction() as tx:
            stored = tx.execute(FIND, _key(context)).scalar_one()
        metrics.effects.labels(tool.name, "found").inc()
        return ToolResult.load(stored)


def _key(context: ToolContext) -> dict[str, str]:
    return {"thread": context.thread_id, "call": context.call_id}
