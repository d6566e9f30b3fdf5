import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.models.base import ModelAnswer, Usage
from agent.turns.journal import Journal, JournalEntry, ModelEntry, RecalledContext, ToolEntry
from tools.catalog import Call
from tools.results import PendingConfirmation, ToolResult

STORED = sorted((Path(__file__).parents[1] / "journals").glob("*.json"))
CALLED = [{"type": "tool_use", "id": "call_1", "name": "show_cart", "input": {}}]
ENTRIES: list[JournalEntry] = [
    ModelEntry(0, ModelAnswer(CALLED, "tool_use", "claude", Usage(10, 2)), RecalledContext(sources=("t1",))),
    ModelEntry(2, ModelAnswer([], "end_turn", "rule", form="card", notice="Simpler."), seconds=0.5),
    ModelEntry(1, ModelAnswer(CALLED, "tool_use", "rule"), action_id="act_1"),
    ToolEntry(Call("call_1", "show_cart", {"a": 1}), ToolResult("Empty."), {"a": "said"}, "act_1", 0.1),
    ToolEntry(
        Call("call_2", "checkout", None),
        ToolResult("Shall I?", confirmation=PendingConfirmation("act_2", datetime(2026, 3, 1, tzinfo=UTC))),
    ),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_is_read_back_as_it_was(entry: JournalEntry) -> None:
    stored = json.loads(json.dumps(entry.to_json()))

    assert Journal.from_rows([(entry.key, stored)]).entries == {entry.key: entry}


@pytest.mark.parametrize("path", STORED, ids=[path.stem for path in STORED])
def test_entries_of_earlier_versions_are_written_as_they_were_read(path: Path) -> None:
    rows: list[dict[str, Any]] = json.loads(path.read_text())["rows"]["journal"]

    for row in rows:
        (entry,) = Journal.from_rows([(row["key"], row["data"])]).entries.values()
        assert (entry.key, entry.to_json()) == (row["key"], row["data"])


def test_entries_are_found_by_step_and_call() -> None:
    journal = Journal.from_rows((entry.key, entry.to_json()) for entry in ENTRIES)

    assert journal.model(2) == ENTRIES[1]
    assert journal.tool("call_1") == ENTRIES[3]
    assert (journal.model(3), journal.tool("call_3")) == (None, None)
    assert journal.confirmed() == [ENTRIES[3]]
