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


def read(key: str, stored: dict[str, Any]) -> JournalEntry | None:
    journal = Journal({key: stored})
    kind, name = key.split(":")
    return journal.model(int(name)) if kind == "model" else journal.tool(name)


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_is_read_back_as_it_was(entry: JournalEntry) -> None:
    stored = json.loads(json.dumps(entry.to_json()))

    assert read(entry.key, stored) == entry


@pytest.mark.parametrize("path", STORED, ids=[path.stem for path in STORED])
def test_entries_of_earlier_versions_are_written_as_they_were_read(path: Path) -> None:
    rows: list[dict[str, Any]] = json.loads(path.read_text())["rows"]["journal"]

    for row in rows:
        entry = read(row["key"], row["data"])
        assert entry is not None
        assert (entry.key, entry.to_json()) == (row["key"], row["data"])


def test_entries_that_are_not_there_are_none() -> None:
    journal = Journal({entry.key: entry.to_json() for entry in ENTRIES})

    assert (journal.model(3), journal.tool("call_3")) == (None, None)


def test_calls_of_confirmed_actions_are_told_from_the_others() -> None:
    journal = Journal({entry.key: entry.to_json() for entry in ENTRIES})

    assert journal.confirmed() == [ENTRIES[3]]
