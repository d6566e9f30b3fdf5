"""What the agent asks of a model, in the shape of the Messages API."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tools.base import Tool

Block = dict[str, Any]
"""One content block: `text`, `tool_use`, `tool_result`, or one that is kept as it came."""
Message = dict[str, Any]
"""`{"role": "user" | "assistant", "content": [Block, …]}`"""
OnText = Callable[[str], Awaitable[None]]
"""Receives the next piece of text as it is written."""


@dataclass(frozen=True)
class ModelRequest:
    system: str
    """Persona and policies: the same for every turn of this audience, so that prompt caches keep it."""
    memory: str
    """What is known of the customer in this turn; empty for guests and models that do not read it."""
    messages: Sequence[Message]
    """The thread so far; the last message is from the user (their words, or tool results)."""
    tools: Sequence[Tool]
    """What the model may call, in a stable order."""
    withheld: Sequence[Tool] = ()
    """Tools whose scope this caller lacks: a guest would have to sign in."""
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
    reads_memory: bool
    """Whether it uses `ModelRequest.memory`; the offline model states only what tools return."""

    async def answer(self, request: ModelRequest, *, on_text: OnText) -> ModelAnswer:
        """The next message of the assistant; raises ModelUnavailable."""


class ModelUnavailable(Exception):
    """The model gave no usable answer: overloaded, unreachable, timed out, or misconfigured."""


class ModelTimedOut(ModelUnavailable):
    """No answer came in time."""
