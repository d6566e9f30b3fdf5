"""What the agent would be given to answer a customer's message."""

from typing import Annotated

from fastapi import Query

from api.authorization import ReadableCustomer
from api.deps import MemoryDep
from api.envelope import Envelope
from api.errors import refusals
from api.routes.memory.memory import ProfileRenderer, ProfilesDep
from api.routing import api_router
from api.schemas.base import PlainText
from api.schemas.context import ContextOut
from api.schemas.memory import ProfileOut, ProfileSummary
from memory.context.models import TURN_TOKENS, Depth, MemoryContext

LARGEST_BUDGET = 8_000

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)
Message = Annotated[
    PlainText,
    Query(max_length=4_000, description="Message to be answered.", examples=["something for sleep"]),
]
Detail = Annotated[Depth, Query(description="`full` reads everything; `brief` only conversations and facts.")]
Budget = Annotated[
    int, Query(ge=0, le=LARGEST_BUDGET, description="Largest number of tokens of the interactions.")
]


@router.get("/context/{customer_id}")
def get_memory_context(
    customer_id: ReadableCustomer,
    memory: MemoryDep,
    profiles: ProfilesDep,
    message: Message = "",
    depth: Detail = Depth.FULL,
    tokens: Budget = TURN_TOKENS,
) -> Envelope[ContextOut]:
    """Get profile, facts, interactions, predictions, products and documents that fit a message."""
    context = memory.context(customer_id, message, depth=depth, tokens=tokens)
    return Envelope(data=ContextOut.of(context, _profile(context, profiles)))


def _profile(context: MemoryContext, profiles: ProfileRenderer) -> ProfileOut | ProfileSummary:
    render = profiles.full if context.depth is Depth.FULL else profiles.brief
    return render(context.customer_id, context.view, context.recent)
