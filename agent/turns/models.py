"""What goes into a turn and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import TypeAdapter

from agent.consent import Decision
from foundation.auth import Principal
from tools.results import Card


@dataclass(frozen=True)
class Inbound:
    """A customer's message as a door hands it in; `message_id` is unique in its thread."""

    thread_id: str
    message_id: str
    principal: Principal
    text: str
    channel: Literal["chat", "email", "voice", "job"] = "chat"
    action_id: str | None = None
    """With `decision`: a button pressed under a question, instead of words."""
    decision: Decision | None = None


@dataclass(frozen=True)
class Receipt:
    """The message is in the ledger; `turn_id` will answer it."""

    turn_id: str
    thread_id: str
    is_replay: bool = False


class TurnStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    ANSWERED = "answered"
    """The reply is stored and sent; memory has yet to learn of it."""
    DONE = "done"


@dataclass(frozen=True)
class Confirmation:
    """A pending action, as the customer is asked to confirm it."""

    action_id: str
    tool: str
    sentence: str
    expires_at: datetime


@dataclass(frozen=True)
class Reply:
    turn_id: str
    thread_id: str
    text: str
    model: str
    cards: tuple[Card, ...] = ()
    confirmation: Confirmation | None = None
    form: str | None = None
    handed_over: bool = False
    notice: str | None = None
    """Something to know about this answer, such as that a simpler assistant gave it."""
    failed: bool = False

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Reply":
        return REPLY.validate_python(stored)

    def to_json(self) -> dict[str, Any]:
        dumped: dict[str, Any] = REPLY.dump_python(self, mode="json")
        return dumped


REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)


@dataclass(frozen=True)
class TurnEvent:
    """`token`, `tool_started`, `tool_finished`, `confirm`, `form`, `handoff`, `restart` or `done`."""

    id: str
    """`attempt-number`: grows within a turn; a later attempt is greater than any earlier one."""
    kind: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ThreadMessage:
    """One message of a thread as a person reads it."""

    role: Literal["customer", "assistant"]
    text: str
    at: datetime
    turn_id: str
    cards: tuple[Card, ...] = ()
    confirmation: Confirmation | None = None
    """Only while it still waits for an answer."""
    form: str | None = None
