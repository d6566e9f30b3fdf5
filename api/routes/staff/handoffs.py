"""Conversations that are handed over to a person."""

from typing import Annotated

from fastapi import Depends

from api.authorization import Staff
from api.deps import HandoffsDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, time_key
from api.routing import api_router
from api.schemas.ids import HandoffPath
from api.schemas.staff import HandoffOut
from commerce.handoffs.models import Handoff

router = api_router(
    prefix="/api/handoffs",
    tag="handoffs",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)
HandoffPages = Annotated[PageRequest, Depends(PageOf("handoffs"))]


@router.get("")
def list_handoffs(_: Staff, handoffs: HandoffsDep, page: HandoffPages) -> Page[HandoffOut]:
    """List the hand-overs that wait for a person, the longest waiting first."""
    return page.cut(handoffs.waiting(), HandoffOut.of, key=_handoff_key)


@router.post("/{handoff_id}/close", responses=refusals("NOT_FOUND"))
def close_handoff(handoff_id: HandoffPath, _: Staff, handoffs: HandoffsDep) -> Envelope[HandoffOut]:
    """Close a hand-over. The conversation may ask for a person again."""
    return Envelope(data=HandoffOut.of(handoffs.close(handoff_id)))


def _handoff_key(handoff: Handoff) -> Key:
    return time_key(handoff.requested_at, handoff.id)
