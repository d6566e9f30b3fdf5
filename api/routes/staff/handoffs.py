"""Conversations that wait for a person of the shop."""

from api.authorization import Staff
from api.deps import HandoffsDep, PathId
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Schema, Timestamp
from commerce.handoffs.models import Handoff

router = api_router(
    prefix="/api/handoffs",
    tag="handoffs",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class HandoffShown(Schema):
    id: str
    thread_id: str
    principal_id: str
    """The customer or guest who asked."""
    summary: str
    requested_at: Timestamp
    closed_at: Timestamp | None

    @classmethod
    def of(cls, handoff: Handoff) -> "HandoffShown":
        return cls.model_validate(handoff)


@router.get("")
def list_handoffs(_: Staff, handoffs: HandoffsDep) -> Envelope[list[HandoffShown]]:
    """What nobody has seen to yet, the longest waiting first."""
    return Envelope(data=[HandoffShown.of(each) for each in handoffs.waiting()])


@router.post("/{handoff_id}/close", responses=refusals("NOT_FOUND"))
def close_handoff(handoff_id: PathId, _: Staff, handoffs: HandoffsDep) -> Envelope[HandoffShown]:
    """A person has seen to it; the conversation may ask for one again."""
    return Envelope(data=HandoffShown.of(handoffs.close(handoff_id)))
