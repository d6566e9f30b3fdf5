"""What the agent would be given to answer a message."""

from typing import Annotated

from pydantic import Field

from api.schemas.base import Schema, Timestamp, example
from api.schemas.forecasts import ForecastOut
from api.schemas.ids import ProductRef
from api.schemas.memory import FactOut, InteractionOut, Parts, ProfileOut, ProfileSummary
from api.schemas.money import Amount
from foundation.money import Money
from memory.context.models import Depth, MemoryContext
from memory.knowledge.service import Quote
from memory.retrieval.products import ProductMatch


class ContextProduct(Schema):
    """A product that fits the message."""

    model_config = example(name="Night Owl Gummies", why="sleep; under $40.00")

    product_id: ProductRef
    name: str
    """Name of the product."""
    price: Amount
    """Price of one piece."""
    why: str
    """What it was found by."""

    @classmethod
    def of(cls, match: ProductMatch) -> "ContextProduct":
        product = match.product
        return cls(product_id=product.id, name=product.name, price=Money(product.price_cents), why=match.why)


class ContextPassage(Schema):
    """A passage of a document that fits the message."""

    model_config = example(
        id="returns-policy@2#1",
        title="Returns",
        text="Unopened goods may come back within 30 days of delivery.",
        why="return; goods",
    )

    id: str
    """Id to cite it by: `document@version#number`."""
    title: str
    """Headings of the passage."""
    text: str
    """The passage."""
    published_at: Timestamp
    """When the document was published."""
    why: str
    """What it was found by."""

    @classmethod
    def of(cls, quote: Quote) -> "ContextPassage":
        return cls(
            id=quote.id,
            title=" > ".join(quote.passage.headings) or quote.title,
            text=quote.passage.text,
            published_at=quote.published_at,
            why=quote.why,
        )


class ContextOut(Schema):
    """What the agent would be given to answer a message."""

    depth: Depth
    """How much was read."""
    profile: ProfileOut | ProfileSummary
    """The whole profile when `depth` is `full`, otherwise its summary."""
    facts: list[FactOut]
    """Facts that hold."""
    recent_interactions: list[InteractionOut]
    """The latest interactions."""
    relevant_interactions: list[InteractionOut]
    """Earlier interactions that fit the message."""
    predictions: ForecastOut | None
    """Forecast; null while too little is known, and when `depth` is `brief`."""
    products: list[ContextProduct]
    """Products that fit the message."""
    knowledge: list[ContextPassage]
    """Passages that fit the message."""
    sources: Annotated[list[str], Field(examples=[["trn_9b1e", "prd_owl"]])]
    """Ids of every fact, interaction, product and passage in it."""
    missing: Parts
    """Parts that could not be read this time."""

    @classmethod
    def of(cls, context: MemoryContext, profile: ProfileOut | ProfileSummary) -> "ContextOut":
        forecast = context.view.forecast
        return cls(
            depth=context.depth,
            profile=profile,
            facts=[FactOut.of(fact) for fact in context.facts],
            recent_interactions=[InteractionOut.of(turn) for turn in context.recent],
            relevant_interactions=[
                InteractionOut.of(each.interaction, why=each.why) for each in context.relevant
            ],
            predictions=None if forecast is None else ForecastOut.of(forecast),
            products=[ContextProduct.of(each) for each in context.products],
            knowledge=[ContextPassage.of(each) for each in context.quotes],
            sources=list(context.sources),
            missing=list(context.missing),
        )
