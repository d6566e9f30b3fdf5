"""Chat: send a message, get the reply as JSON or as events; a lost connection loses nothing."""

import hashlib
from typing import Annotated, Any

from fastapi import Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from agent.service import Turns
from agent.turns.models import Inbound, Receipt
from api.authorization import Visitor
from api.deps import TurnsDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Matching
from api.schemas.chat import (
    ActionDecision,
    ChatMessageIn,
    ReplyOut,
    ThreadMessageOut,
    ThreadOut,
    TurnAccepted,
    TurnOut,
)
from api.schemas.ids import ActionPath, ThreadPath, TurnPath
from api.streams import EVENTS, stream
from foundation.auth import Principal
from foundation.errors import NotFound
from foundation.ids import new_id

REPLY_TIMEOUT_SECONDS = 55.0
"""Shorter than the minute after which proxies give up."""

router = api_router(
    prefix="/api/chat",
    tag="chat",
    responses=refusals(
        "INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED", "UNAVAILABLE"
    ),
)
EventId = Annotated[
    str,
    Matching(r"^[0-9]{1,9}-[0-9]{1,9}$", "the id of an event, such as 1-12"),
    Field(examples=["1-12"]),
]
LastEventId = Annotated[
    EventId | None, Header(description="Id of the last event that was received: the stream goes on after it.")
]
After = Annotated[
    EventId | None, Query(description="The same as `Last-Event-ID`, for clients without headers.")
]


class NoSuchTurn(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such message.")


AS_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events, each with one of the schemas of `ChatEvent`: `event` and `id` are"
        " fields of the event, `data` is JSON. The last event is `done`.",
        "content": {
            EVENTS: {
                "schema": {
                    "type": "string",
                    "contentMediaType": EVENTS,
                    "contentSchema": {"$ref": "#/components/schemas/ChatEvent"},
                },
                "example": 'id: 1-2\nevent: token\ndata: {"text":"Night Owl Gummies "}\n\n',
            }
        },
    }
}
REPLIES: dict[int | str, dict[str, Any]] = {
    200: AS_EVENTS[200]
    | {
        "description": "The reply; with `Accept: text/event-stream` server-sent events, each with one of the "
        "schemas of `ChatEvent`, from `accepted` to `done`."
    },
    202: {"model": Envelope[TurnAccepted], "description": "The reply takes longer."},
}


@router.post("", response_model=Envelope[ReplyOut], responses=REPLIES)
async def send_message(
    message: ChatMessageIn, request: Request, principal: Visitor, turns: TurnsDep
) -> Response | Envelope[ReplyOut]:
    """Send a message.

    The reply comes as JSON, or as events with `Accept: text/event-stream`. A reply that takes longer than
    a minute is announced with 202: ask `GET /api/chat/turns/{turnId}` for it.
    """
    message_id = message.message_id or new_id("msg")
    thread_id = message.thread_id or _thread_of(principal, message_id)
    receipt = await turns.start(Inbound(thread_id, message_id, principal, message.message))
    return await _reply(receipt, request, turns)


@router.post(
    "/actions/{action_id}",
    response_model=Envelope[ReplyOut],
    responses={**REPLIES, **refusals("CONFLICT")},
)
async def decide_action(
    action_id: ActionPath, decision: ActionDecision, request: Request, principal: Visitor, turns: TurnsDep
) -> Response | Envelope[ReplyOut]:
    """Confirm or cancel a pending action. A second call returns the reply of the first."""
    receipt = await turns.decide(action_id, decision.decision, principal)
    return await _reply(receipt, request, turns)


@router.get("/turns/{turn_id}")
async def get_turn(turn_id: TurnPath, principal: Visitor, turns: TurnsDep) -> Envelope[TurnOut]:
    """Get whether a message is answered, and the reply."""
    await _check_owner(turn_id, principal, turns)
    reply = await turns.reply(turn_id, timeout_seconds=0)
    shown = None if reply is None else ReplyOut.of(reply)
    return Envelope(data=TurnOut(turn_id=turn_id, status="answered" if reply else "running", reply=shown))


@router.get("/turns/{turn_id}/events", response_class=Response, responses=AS_EVENTS)
async def stream_turn_events(
    turn_id: TurnPath,
    principal: Visitor,
    turns: TurnsDep,
    last_event_id: LastEventId = None,
    after: After = None,
) -> Response:
    """Stream the events of a turn until it is done, from the first or from the one after a given event."""
    await _check_owner(turn_id, principal, turns)
    return stream(turns.events(turn_id, after=last_event_id or after))


@router.get("/threads/{thread_id}")
async def get_thread(thread_id: ThreadPath, principal: Visitor, turns: TurnsDep) -> Envelope[ThreadOut]:
    """Get the latest messages of a conversation."""
    messages = await turns.thread(thread_id, principal)
    shown = [ThreadMessageOut.of(message) for message in messages]
    return Envelope(data=ThreadOut(thread_id=thread_id, messages=shown))


def _thread_of(principal: Principal, message_id: str) -> str:
    """A new conversation, named by its first message: sent again, the message opens no second one."""
    return f"thr_{hashlib.sha256(f'{principal.id}:{message_id}'.encode()).hexdigest()[:26]}"


async def _reply(receipt: Receipt, request: Request, turns: Turns) -> Response | Envelope[ReplyOut]:
    if EVENTS in request.headers.get("accept", ""):
        return stream(turns.events(receipt.turn_id, after=None), receipt=receipt)
    reply = await turns.reply(receipt.turn_id, timeout_seconds=REPLY_TIMEOUT_SECONDS)
    if reply is not None:
        return Envelope(data=ReplyOut.of(reply))
    accepted = Envelope(data=TurnAccepted(turn_id=receipt.turn_id, thread_id=receipt.thread_id))
    return JSONResponse(accepted.model_dump(mode="json", by_alias=True), status_code=202)


async def _check_owner(turn_id: str, principal: Principal, turns: Turns) -> None:
    if await turns.owner(turn_id) != principal.id:
        raise NoSuchTurn
