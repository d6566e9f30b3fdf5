"""Talk to the shop: a message in, its answer whole or event by event; a dropped line loses nothing."""

import hashlib
from typing import Annotated, Any, Literal

from fastapi import Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from agent.consent import Decision
from agent.service import Turns
from agent.turns.models import Inbound, Receipt, Reply, ThreadMessage
from api.authorization import Visitor
from api.deps import TurnsDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Id, Matching
from api.streams import stream
from foundation.auth import Principal
from foundation.errors import NotFound
from foundation.ids import new_id

LONGEST_MESSAGE = 4_000
PATIENCE_SECONDS = 55.0
"""Shorter than the minute after which proxies give up."""
NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
EVENTS = "text/event-stream"

router = api_router(
    prefix="/api/chat",
    tag="chat",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "NOT_FOUND", "RATE_LIMITED", "UNAVAILABLE"),
)
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_MESSAGE),
    Matching(NO_CONTROLS, "text without control characters"),
]
EventId = Annotated[str, Matching(r"^[0-9]{1,9}-[0-9]{1,9}$", "the id of an event, such as 1-12")]


class Saying(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"message": "What do you recommend for sleep under $40?"}},
    )

    message: Text
    thread_id: Id | None = None
    """The conversation; left out, a new one begins."""
    message_id: Id | None = None
    """The sender's own name for the message: sent again under the same name, it is still one message."""


class Deciding(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"decision": "confirm"}}
    )

    decision: Decision


class Promised(BaseModel):
    """The answer takes longer; it will be found under this turn."""

    turn_id: str
    thread_id: str
    status: Literal["running"] = "running"


class TurnState(BaseModel):
    """Where a turn stands; `reply` is there once it is answered."""

    turn_id: str
    status: Literal["running", "answered"]
    reply: Reply | None = None


class Thread(BaseModel):
    thread_id: str
    messages: list[ThreadMessage]


class NoSuchTurn(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such message.")


AS_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {EVENTS: {"schema": {"type": "string"}}}, "description": "The events, as they come"}
}
ANSWERS: dict[int | str, dict[str, Any]] = {**AS_EVENTS, 202: {"model": Envelope[Promised]}}


@router.post("", response_model=Envelope[Reply], responses=ANSWERS)
async def send_message(
    saying: Saying, request: Request, principal: Visitor, turns: TurnsDep
) -> Response | Envelope[Reply]:
    """Say something to the shop.

    The answer comes as JSON, or as events with `Accept: text/event-stream`. One that takes longer than
    a minute is promised with 202: ask `GET /api/chat/turns/{turn_id}` for it.
    """
    message_id = saying.message_id or new_id("msg")
    thread_id = saying.thread_id or _thread_of(principal, message_id)
    receipt = await turns.start(Inbound(thread_id, message_id, principal, saying.message))
    return await _answer(receipt, request, turns)


@router.post(
    "/actions/{action_id}",
    response_model=Envelope[Reply],
    responses={**ANSWERS, **refusals("CONFLICT")},
)
async def decide_action(
    action_id: Id, deciding: Deciding, request: Request, principal: Visitor, turns: TurnsDep
) -> Response | Envelope[Reply]:
    """Say yes or no to what the shop asked to confirm. A second press finds what the first one did."""
    receipt = await turns.decide(action_id, deciding.decision, principal)
    return await _answer(receipt, request, turns)


@router.get("/turns/{turn_id}")
async def get_turn(turn_id: Id, principal: Visitor, turns: TurnsDep) -> Envelope[TurnState]:
    """Whether a message is answered yet, and the answer."""
    await _own(turn_id, principal, turns)
    reply = await turns.reply(turn_id, timeout_seconds=0)
    return Envelope(data=TurnState(turn_id=turn_id, status="answered" if reply else "running", reply=reply))


@router.get("/turns/{turn_id}/events", response_class=Response, responses=AS_EVENTS)
async def stream_turn_events(
    turn_id: Id,
    principal: Visitor,
    turns: TurnsDep,
    last_event_id: Annotated[EventId | None, Header()] = None,
    after: Annotated[EventId | None, Query(description="The same as Last-Event-ID")] = None,
) -> Response:
    """The events of a turn from the first, or from the one after the last that was seen, until it is done."""
    await _own(turn_id, principal, turns)
    return stream(turns.events(turn_id, after=last_event_id or after))


@router.get("/threads/{thread_id}")
async def get_thread(thread_id: Id, principal: Visitor, turns: TurnsDep) -> Envelope[Thread]:
    """The conversation so far."""
    messages = await turns.thread(thread_id, principal)
    return Envelope(data=Thread(thread_id=thread_id, messages=messages))


def _thread_of(principal: Principal, message_id: str) -> str:
    """A new conversation, named by the message that opens it: sent again, it opens no second one."""
    return f"thr_{hashlib.sha256(f'{principal.id}:{message_id}'.encode()).hexdigest()[:26]}"


async def _answer(receipt: Receipt, request: Request, turns: Turns) -> Response | Envelope[Reply]:
    if EVENTS in request.headers.get("accept", ""):
        return stream(turns.events(receipt.turn_id, after=None), receipt=receipt)
    reply = await turns.reply(receipt.turn_id, timeout_seconds=PATIENCE_SECONDS)
    if reply is not None:
        return Envelope(data=reply)
    promised = Envelope(data=Promised(turn_id=receipt.turn_id, thread_id=receipt.thread_id))
    return JSONResponse(promised.model_dump(mode="json"), status_code=202)


async def _own(turn_id: str, principal: Principal, turns: Turns) -> None:
    if await turns.owner(turn_id) != principal.id:
        raise NoSuchTurn
