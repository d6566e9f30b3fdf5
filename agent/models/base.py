"""What the agent asks of a model, in the shape of the Messages API."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tools.base import Tool

Block = dict[str, Any]
"""One content block: `text`, `tool_use`, `tool_result`, or one that is kept as it came."""
Message = dict[str, Any]
"""`{"role": "user" | "assistant", "content": [Block, …]}`"""
Speak = Callable[[str], Awaitable[None]]
"""Takes the next piece of text as it is written."""


@dataclass(frozen=True)
class ModelRequest:
    system: str
    """Who speaks and by which policies: the same for every turn of this audience, so that it is cached."""
    memory: str
    """What is known of the customer, this turn; empty for a stranger."""
    messages: Sequence[Message]
    """The thread so far; the last one is from the user (their words, or tool results)."""
    tools: Sequence[Tool]
    """What may be called, in a stable order."""
    withheld: Sequence[Tool] = ()
    """What exists, but not for this caller: a stranger would have to sign in."""
    is_staff: bool = False


@dataclass(frozen=True)
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True)
class ModelAnswer:
    content: list[Block]
    stop_reason: str
    """`tool_use` when tools are to be run; anything else ends the turn."""
    model: str
    usage: Usage = field(default_factory=Usage)
    form: str | None = None
    """The form to show beside the words: `sign_in`, `age_verification` or `card`."""
    notice: str | None = None
    """What the customer should know about who answered, such as that a simpler assistant did."""


class Model(Protocol):
    name: str

    async def answer(self, request: ModelRequest, *, speak: Speak) -> ModelAnswer:
        """The next message of the assistant; raises ModelUnavailable when there is none to be had."""


class ModelUnavailable(Exception):
    """The model gave no usable answer: overloaded, away, timed out, or misconfigured."""
