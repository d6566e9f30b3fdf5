"""The events by which a reply is streamed: one schema for each kind."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from api.schemas.base import Schema, example
from api.schemas.chat import ConfirmationOut, ReplyCard, ReplyOut
from api.schemas.ids import ThreadRef, TurnRef

EventId = Annotated[
    str,
    Field(description="Id of the event: send it as `Last-Event-ID` to resume after it.", examples=["1-12"]),
]


class AcceptedData(Schema):
    """The message is stored."""

    turn_id: TurnRef
    thread_id: ThreadRef


class TokenData(Schema):
    """A piece of the reply."""

    model_config = example(text="Night Owl Gummies ")

    text: str
    """Text to append."""


class ToolStartedData(Schema):
    """A tool is called."""

    model_config = example(callId="call_1", tool="search_products", label="Looking through the shelves")

    call_id: str
    """Id of the call."""
    tool: str
    """Name of the tool."""
    label: str
    """What to show while it runs."""


class ToolFinishedData(Schema):
    """A tool has returned."""

    model_config = example(callId="call_1", tool="search_products", isError=False)

    call_id: str
    """Id of the call."""
    tool: str
    """Name of the tool."""
    is_error: bool
    """Whether the tool refused or failed."""
    cards: tuple[ReplyCard, ...]
    """What is shown beside the words."""


class FormData(Schema):
    """A form is to be filled in."""

    model_config = example(form="age_verification")

    form: str
    """Name of the form: `age_verification`, `card` or `sign_in`."""


class HandoffData(Schema):
    """The conversation is handed over to a person."""

    model_config = example(summary="Wants to know whether an allergy to berries matters.")

    summary: str
    """What it is about."""


class RestartData(Schema):
    """The turn begins again: drop the text and the cards shown so far."""


class AcceptedEvent(Schema):
    """First event of a message that was sent: the turn that answers it."""

    event: Literal["accepted"]
    """Kind of the event."""
    data: AcceptedData
    """Content of the event."""


class TokenEvent(Schema):
    """A piece of the reply."""

    id: EventId
    event: Literal["token"]
    """Kind of the event."""
    data: TokenData
    """Content of the event."""


class ToolStartedEvent(Schema):
    """A tool is called."""

    id: EventId
    event: Literal["tool_started"]
    """Kind of the event."""
    data: ToolStartedData
    """Content of the event."""


class ToolFinishedEvent(Schema):
    """A tool has returned."""

    id: EventId
    event: Literal["tool_finished"]
    """Kind of the event."""
    data: ToolFinishedData
    """Content of the event."""


class ConfirmEvent(Schema):
    """An action waits for the customer's yes."""

    id: EventId
    event: Literal["confirm"]
    """Kind of the event."""
    data: ConfirmationOut
    """Content of the event."""


class FormEvent(Schema):
    """A form is to be filled in."""

    id: EventId
    event: Literal["form"]
    """Kind of the event."""
    data: FormData
    """Content of the event."""


class HandoffEvent(Schema):
    """The conversation is handed over to a person."""

    id: EventId
    event: Literal["handoff"]
    """Kind of the event."""
    data: HandoffData
    """Content of the event."""


class RestartEvent(Schema):
    """The turn begins again: drop the text and the cards shown so far."""

    id: EventId
    event: Literal["restart"]
    """Kind of the event."""
    data: RestartData
    """Content of the event."""


class DoneEvent(Schema):
    """Last event of a turn: the whole reply."""

    id: EventId
    event: Literal["done"]
    """Kind of the event."""
    data: ReplyOut
    """Content of the event."""


DATA: Mapping[str, type[Schema]] = {
    "accepted": AcceptedData,
    "token": TokenData,
    "tool_started": ToolStartedData,
    "tool_finished": ToolFinishedData,
    "confirm": ConfirmationOut,
    "form": FormData,
    "handoff": HandoffData,
    "restart": RestartData,
    "done": ReplyOut,
}
ChatEvent = Annotated[
    AcceptedEvent
    | TokenEvent
    | ToolStartedEvent
    | ToolFinishedEvent
    | ConfirmEvent
    | FormEvent
    | HandoffEvent
    | RestartEvent
    | DoneEvent,
    Field(discriminator="event"),
]
CHAT_EVENT: TypeAdapter[ChatEvent] = TypeAdapter(ChatEvent)


def event_json(kind: str, payload: Mapping[str, Any]) -> str:
    """The data of an event as the wire has it."""
    return DATA[kind].model_validate(payload).model_dump_json(by_alias=True)
