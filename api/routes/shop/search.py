"""Search by meaning: the shop's products, its documents, and the caller's own conversations."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from api.containers import House
from api.deps import NotAllowed, TheHouse, Visitor
from api.envelope import Envelope
from api.errors import refusals
from api.shapes import Dollars, Shape, Timestamp, Words
from foundation.auth import Principal
from memory.context.models import RecalledTurn
from memory.knowledge.service import Quote
from memory.retrieval.products import ProductMatch

MOST = 20

router = APIRouter(
    prefix="/api/memory/vector",
    tags=["memory"],
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class Among(StrEnum):
    PRODUCTS = "products"
    KNOWLEDGE = "knowledge"
    CONVERSATIONS = "conversations"
    """The caller's own."""


class Question(Shape):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "query": "something for sleep, not too sweet, under 40",
                "among": "products",
                "limit": 5,
            }
        }
    )

    query: Annotated[Words, Field(min_length=1, max_length=2_000)]
    among: Among = Among.PRODUCTS
    limit: Annotated[int, Field(ge=1, le=MOST)] = 5


class Found(Shape):
    id: str
    """Of a product, of a passage (`document@version#number`), or of a turn."""
    title: str
    text: str
    score: float
    why: str
    at: Timestamp | None = None
    """When it was published or said."""
    price: Dollars | None = None


@router.post("/search")
def vector_search(question: Question, visitor: Visitor, house: TheHouse) -> Envelope[list[Found]]:
    """The best first; none when nothing fits. Products are in stock and within the price that was named."""
    search = {
        Among.PRODUCTS: _products,
        Among.KNOWLEDGE: _knowledge,
        Among.CONVERSATIONS: _conversations,
    }[question.among]
    return Envelope(data=search(house, visitor, question))


def _products(house: House, _: Principal, question: Question) -> list[Found]:
    found = house.product_search.search(question.query, limit=question.limit)
    known = house.inventory.many([match.product.id for match in found])

    def shown(match: ProductMatch) -> Found:
        product = known[match.product.id]
        return Found(
            id=product.id,
            title=product.name,
            text=product.description,
            score=match.score,
            why=match.why,
            price=product.price,
        )

    return [shown(match) for match in found if match.product.id in known]


def _knowledge(house: House, _: Principal, question: Question) -> list[Found]:
    def shown(quote: Quote) -> Found:
        return Found(
            id=quote.id,
            title=" > ".join(quote.passage.headings) or quote.title,
            text=quote.passage.text,
            score=quote.score,
            why=quote.why,
            at=quote.published_at,
        )

    return [shown(quote) for quote in house.knowledge.search(question.query, limit=question.limit)]


def _conversations(house: House, caller: Principal, question: Question) -> list[Found]:
    if "own:read" not in caller.scopes:
        raise NotAllowed("own:read")

    def shown(turn: RecalledTurn) -> Found:
        said = turn.interaction
        return Found(
            id=said.id,
            title=said.channel,
            text=said.words_of(turn.speaker),
            score=turn.score,
            why=turn.why,
            at=said.at,
        )

    return [shown(turn) for turn in house.memory.recall(caller.id, question.query, limit=question.limit)]
