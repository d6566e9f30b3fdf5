"""The entries of a turn's journal, and their JSON in the ledger."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from agent.models.base import ModelAnswer, Usage
from tools.catalog import Call
from tools.results import ToolResult

MODEL, TOOL = "model:", "tool:"
"""Prefixes of the keys of entries."""

ArgumentSource = Literal["said", "memory", "inferred"]
"""Where an argument of a call came from: the customer's words, memory, or the model's inference."""


@dataclass(frozen=True)
class RecalledContext:
    """What memory gave the turn, and the policies that match its message."""

    memory: str = ""
    sources: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Parts of memory that could not be read."""
    policies: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelEntry:
    """One answer of a model, or of a rule in its place."""

    step: int
    answer: ModelAnswer
    context: RecalledContext | None = None
    """What led to the first answer of the turn; None for the others."""
    action_id: str | None = None
    """The confirmed action that its call carries out."""
    seconds: float | None = None
    """None when no model was asked."""

    @property
    def key(self) -> str:
        return f"{MODEL}{self.step}"

    def to_json(self) -> dict[str, Any]:
        written: dict[str, Any] = asdict(self.answer)
        optional = {
            "context": None if self.context is None else _context_to_json(self.context),
            "action_id": self.action_id,
            "seconds": self.seconds,
        }
        return written | {name: value for name, value in optional.items() if value is not None}

    @classmethod
    def from_json(cls, key: str, data: Mapping[str, Any]) -> "ModelEntry":
        context = data.get("context")
        return cls(
            step=int(key.removeprefix(MODEL)),
            answer=ModelAnswer(
                content=data["content"],
                stop_reason=data["stop_reason"],
                model=data["model"],
                usage=Usage(**data["usage"]),
                form=data.get("form"),
                notice=data.get("notice"),
            ),
            context=None if context is None else _context_from_json(context),
            action_id=data.get("action_id"),
            seconds=data.get("seconds"),
        )


@dataclass(frozen=True)
class ToolEntry:
    """One tool call with its result."""

    call: Call
    """With the arguments as the model gave them."""
    result: ToolResult
    origins: Mapping[str, ArgumentSource] = field(default_factory=dict)
    """By argument."""
    action_id: str | None = None
    """The confirmed action that it carried out."""
    seconds: float = 0.0

    @property
    def key(self) -> str:
        return f"{TOOL}{self.call.id}"

    def to_json(self) -> dict[str, Any]:
        return {
            "tool": self.call.tool,
            "arguments": self.call.arguments,
            "origins": dict(self.origins),
            "action_id": self.action_id,
            "result": self.result.dump(),
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, key: str, data: Mapping[str, Any]) -> "ToolEntry":
        return cls(
            call=Call(key.removeprefix(TOOL), data["tool"], data["arguments"]),
            result=ToolResult.load(data["result"]),
            origins=data["origins"],
            action_id=data["action_id"],
            seconds=data["seconds"],
        )


JournalEntry = ModelEntry | ToolEntry


@dataclass(frozen=True)
class Journal:
    """The entries of a turn so far. Each is parsed when it is read, so a broken one fails only its turn."""

    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By key, in the order they were written."""

    def model(self, step: int) -> ModelEntry | None:
        row = self.rows.get(key := f"{MODEL}{step}")
        return None if row is None else ModelEntry.from_json(key, row)

    def tool(self, call_id: str) -> ToolEntry | None:
        row = self.rows.get(key := f"{TOOL}{call_id}")
        return None if row is None else ToolEntry.from_json(key, row)

    def confirmed(self) -> list[ToolEntry]:
        """The calls that carried out a confirmed action."""
        return [
            ToolEntry.from_json(key, row)
            for key, row in self.rows.items()
            if key.startswith(TOOL) and row.get("action_id")
        ]


def _context_to_json(context: RecalledContext) -> dict[str, Any]:
    return {
        "memory": context.memory,
        "sources": list(context.sources),
        "missing": list(context.missing),
        "policies": list(context.policies),
    }


def _context_from_json(stored: Mapping[str, Any]) -> RecalledContext:
    return RecalledContext(
        memory=stored["memory"],
        sources=tuple(stored["sources"]),
        missing=tuple(stored["missing"]),
        policies=tuple(stored["policies"]),
    )
