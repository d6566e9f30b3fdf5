"""What the agent would be given to know before it answers a customer's message."""

from typing import Annotated

from fastapi import Query

from api.authorization import ReadableCustomer
from api.deps import MemoryDep
from api.envelope import Envelope
from api.errors import refusals
from api.routes.memory.facts import FactShown
from api.routes.memory.memory import BriefProfile, ProfileRenderer, ProfilesDep, ProfileShown, TurnShown
from api.routes.memory.predictions import OutlookShown
from api.routing import api_router
from api.schemas.base import Dollars, PlainText, Schema, Timestamp
from foundation.money import Money
from memory.context.models import TURN_TOKENS, Depth, MemoryContext
from memory.knowledge.service import Quote
from memory.retrieval.products import ProductMatch

MOST_TOKENS = 8_000

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class ProductThatFits(Schema):
    product_id: str
    name: str
    price: Dollars
    why: str

    @classmethod
    def of(cls, match: ProductMatch) -> "ProductThatFits":
        product = match.product
        price = Money(product.price_cents)
        return cls(product_id=product.id, name=product.name, price=price, why=match.why)


class PassageThatFits(Schema):
    id: str
    """To cite it by: `document@version#number`."""
    title: str
    text: str
    published_at: Timestamp
    why: str

    @classmethod
    def of(cls, quote: Quote) -> "PassageThatFits":
        return cls(
            id=quote.id,
            title=" > ".join(quote.passage.headings) or quote.title,
            text=quote.passage.text,
            published_at=quote.published_at,
            why=quote.why,
        )


class ContextShown(Schema):
    depth: Depth
    profile: ProfileShown | BriefProfile
    """The whole one where the depth is full."""
    facts: list[FactShown]
    recent_interactions: list[TurnShown]
    relevant_interactions: list[TurnShown]
    predictions: OutlookShown | None
    """Null while too little is known to foretell anything, and in brief."""
    products: list[ProductThatFits]
    knowledge: list[PassageThatFits]
    sources: list[str]
    """The ids of every fact, turn, product and passage in it."""
    missing: list[str]
    """Parts that could not be read this time."""

    @classmethod
    def of(cls, context: MemoryContext, profile: ProfileShown | BriefProfile) -> "ContextShown":
        outlook = context.portrait.outlook
        return cls(
            depth=context.depth,
            profile=profile,
            facts=[FactShown.of(fact) for fact in context.facts],
            recent_interactions=[TurnShown.of(turn) for turn in context.recent],
            relevant_interactions=[TurnShown.of(each.interaction, why=each.why) for each in context.relevant],
            predictions=None if outlook is None else OutlookShown.of(outlook),
            products=[ProductThatFits.of(each) for each in context.products],
            knowledge=[PassageThatFits.of(each) for each in context.quotes],
            sources=list(context.sources),
            missing=list(context.missing),
        )


@router.get("/context/{customer_id}")
def get_memory_context(
    customer_id: ReadableCustomer,
    memory: MemoryDep,
    profiles: ProfilesDep,
    message: Annotated[PlainText, Query(max_length=4_000, examples=["something for sleep"])] = "",
    depth: Depth = Depth.FULL,
    tokens: Annotated[int, Query(ge=0, le=MOST_TOKENS)] = TURN_TOKENS,
) -> Envelope[ContextShown]:
    """Profile, facts, past turns that fit (within so many tokens), predictions, products and documents."""
    context = memory.context(customer_id, message, depth=depth, tokens=tokens)
    return Envelope(data=ContextShown.of(context, _profile(context, profiles)))


def _profile(context: MemoryContext, profiles: ProfileRenderer) -> ProfileShown | BriefProfile:
    render = profiles.full if context.depth is Depth.FULL else profiles.brief
    return render(context.customer_id, context.portrait, context.recent)
