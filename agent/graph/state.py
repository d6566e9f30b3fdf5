"""The state of a turn in the graph. A node returns the values it changes."""

from collections.abc import Mapping
from typing import Annotated, TypedDict

from agent.models.base import Message
from agent.turns.journal import ArgumentSource, RecalledContext
from agent.turns.models import Reply
from tools.catalog import Call
from tools.confirmations import PendingAction
from tools.results import ToolResult


class PlannedCall(TypedDict):
    """A call that the last answer asks for."""

    call: Call
    origins: Mapping[str, ArgumentSource]
    refusal: str | None
    """Why it must not be made."""
    action_id: str | None
    """The confirmed action that it carries out."""


def merged(old: dict[str, ToolResult], new: dict[str, ToolResult]) -> dict[str, ToolResult]:
    """Calls run in parallel, and each returns its own result."""
    return {**old, **new}


class TurnState(TypedDict, total=False):
    is_answered: bool
    """An earlier attempt stored the reply; only memory has not stored the turn."""
    recalled: RecalledContext
    waiting: PendingAction | None
    """The action that the thread waits for a confirmation of."""
    step: int
    """Number of the next model answer."""
    tokens_used: int
    calls_made: int
    exchange: list[Message]
    """The messages of this turn after the customer's: calls and their results."""
    calls: list[PlannedCall]
    is_paused: bool
    """The model paused, and is asked again with what it wrote so far."""
    results: Annotated[dict[str, ToolResult], merged]
    """By call id."""
    form: str | None
    notice: str | None
    model: str
    reply: Reply
    has_more: bool
    """Whether the thread has another open turn."""
