"""Read a thread of messages as exchanges: what the customer said, what was called, and what came of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.models.base import Block, Message
from tools.results import PendingConfirmation


@dataclass(frozen=True)
class Result:
    say: str
    data: Any = None
    is_error: bool = False

    @property
    def is_pending(self) -> bool:
        return PendingConfirmation.from_json(self.data) is not None


@dataclass
class Call:
    id: str
    tool: str
    arguments: dict[str, Any]
    result: Result | None = None


@dataclass
class Exchange:
    words: str = ""
    calls: list[Call] = field(default_factory=list)
    said: str = ""


def read(messages: Sequence[Message]) -> list[Exchange]:
    """The exchanges in order; the last is the one under way. Pieces that fit nowhere are passed over."""
    exchanges: list[Exchange] = []
    for message in messages:
        for block in _blocks(message):
            _take(exchanges, str(message.get("role")), block)
    return exchanges


def _take(exchanges: list[Exchange], role: str, block: Block) -> None:
    kind = block.get("type")
    if kind == "text" and role == "user":
        _hear(exchanges, str(block.get("text") or ""))
    elif not exchanges:
        return
    elif kind == "text":
        exchanges[-1].said = f"{exchanges[-1].said}\n\n{block.get('text') or ''}".strip()
    elif kind == "tool_use":
        given = block.get("input")
        arguments = dict(given) if isinstance(given, dict) else {}
        exchanges[-1].calls.append(Call(str(block.get("id")), str(block.get("name")), arguments))
    elif kind == "tool_result":
        _settle(exchanges, block)


def _hear(exchanges: list[Exchange], text: str) -> None:
    """A burst of messages before any answer is one."""
    if exchanges and not exchanges[-1].calls and not exchanges[-1].said:
        exchanges[-1].words = f"{exchanges[-1].words}\n{text}".strip()
    else:
        exchanges.append(Exchange(text))


def _settle(exchanges: Sequence[Exchange], block: Block) -> None:
    for call in (call for exchange in reversed(exchanges) for call in exchange.calls):
        if call.id == block.get("tool_use_id"):
            call.result = _result(block)
            return


def _result(block: Block) -> Result:
    content = block.get("content")
    is_error = bool(block.get("is_error"))
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    text = content if isinstance(content, str) else ""
    try:
        read_back = json.loads(text)
    except ValueError:
        read_back = None
    if not isinstance(read_back, dict):
        # No tool said this: a note to the model, such as that the result was lost.
        return Result("", is_error=is_error)
    return Result(str(read_back.get("say") or ""), read_back.get("data"), is_error=is_error)


def _blocks(message: Message) -> Iterator[Block]:
    content = message.get("content")
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        yield from (block for block in content if isinstance(block, dict))
