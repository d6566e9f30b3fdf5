"""What a turn is given, what it is made of, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import TypeAdapter

from agent.consent import Decision
from agent.models.base import Message
from agent.turns.journal import Journal
from foundation.auth import Principal
from tools.results import Card


@dataclass(frozen=True)
class Inbound:
    """A customer's message as an entry point passes it in; `message_id` is unique in its thread."""

    thread_id: str
    message_id: str
    principal: Principal
    text: str
    channel: Literal["chat", "email", "voice", "job"] = "chat"
    action_id: str | None = None
    """With `decision`: a button was pressed under a confirmation, instead of words."""
    decision: Decision | None = None


@dataclass(frozen=True)
class Receipt:
    """The message is in the ledger; the turn `turn_id` answers it."""

    turn_id: str
    thread_id: str
    is_replay: bool = False


class TurnStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    ANSWERED = "answered"
    """The reply is stored and sent; memory has not stored the turn yet."""
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
class UserMessage:
    """One message of the customer, masked."""

    message_id: str
    text: str
    masked: tuple[str, ...]
    """The kinds of personal data that were removed."""
    action_id: str | None
    decision: Decision | None
    at: datetime


@dataclass(frozen=True)
class LeasedTurn:
    """A turn that only this process may work on while it holds the lease, with all that it needs."""

    turn_id: str
    thread_id: str
    principal: Principal
    channel: str
    fence: int
    """Grows with each lease of the thread; a write under an older one is refused."""
    attempt: int
    is_answered: bool
    messages: tuple[UserMessage, ...]
    history: tuple[Message, ...]
    """The messages of earlier turns, oldest first, as a model reads them."""
    previous_turn_id: str | None
    journal: Journal

    @property
    def text(self) -> str:
        """What the customer wrote in this turn."""
        return "\n".join(message.text for message in self.messages)

    @property
    def question(self) -> Message:
        """The same as a message of the conversation."""
        return {"role": "user", "content": [{"type": "text", "text": self.text}]}

    @property
    def received_at(self) -> datetime:
        """When its last message came in; a yes counts from then, however late it is carried out."""
        return max(message.at for message in self.messages)


@dataclass(frozen=True)
class StoredTurn:
    principal_id: str
    status: TurnStatus
    attempts: int
    reply: Reply | None


@dataclass(frozen=True)
class StoredMessage:
    """A customer's message with the reply of its turn."""

    turn_id: str
    text: str
    at: datetime
    reply: Reply | None


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
    """Only until it is answered."""
    form: str | None = None
