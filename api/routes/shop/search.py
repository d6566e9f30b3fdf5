"""Search by meaning: the shop's products, its documents, and the caller's own conversations."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from api.authorization import NotAllowed, Visitor
from api.deps import InventoryDep, KnowledgeDep, MemoryDep, ProductSearchDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Dollars, PlainText, Schema, Timestamp
from commerce.inventory.service import Inventory
from foundation.auth import Principal
from memory.context.models import RecalledTurn
from memory.engine import MemoryEngine
from memory.knowledge.service import Knowledge, Quote
from memory.retrieval.products import ProductMatch, ProductSearch

MOST = 20

router = api_router(
    prefix="/api/memory/vector",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class Among(StrEnum):
    PRODUCTS = "products"
    KNOWLEDGE = "knowledge"
    CONVERSATIONS = "conversations"
    """The caller's own."""


class Question(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "query": "something for sleep, not too sweet, under 40",
                "among": "products",
                "limit": 5,
            }
        }
    )

    query: Annotated[PlainText, Field(min_length=1, max_length=2_000)]
    among: Among = Among.PRODUCTS
    limit: Annotated[int, Field(ge=1, le=MOST)] = 5


class Found(Schema):
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
def search_memory(
    question: Question,
    visitor: Visitor,
    products: ProductSearchDep,
    inventory: InventoryDep,
    knowledge: KnowledgeDep,
    memory: MemoryDep,
) -> Envelope[list[Found]]:
    """The best first; none when nothing fits. Products are in stock and within the price that was named."""
    match question.among:
        case Among.PRODUCTS:
            return Envelope(data=_products(question, products, inventory))
        case Among.KNOWLEDGE:
            return Envelope(data=_knowledge(question, knowledge))
        case Among.CONVERSATIONS:
            return Envelope(data=_conversations(question, visitor, memory))


def _products(question: Question, products: ProductSearch, inventory: Inventory) -> list[Found]:
    found = products.search(question.query, limit=question.limit)
    known = inventory.many([match.product.id for match in found])

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


def _knowledge(question: Question, knowledge: Knowledge) -> list[Found]:
    def shown(quote: Quote) -> Found:
        return Found(
            id=quote.id,
            title=" > ".join(quote.passage.headings) or quote.title,
            text=quote.passage.text,
            score=quote.score,
            why=quote.why,
            at=quote.published_at,
        )

    return [shown(quote) for quote in knowledge.search(question.query, limit=question.limit)]


def _conversations(question: Question, caller: Principal, memory: MemoryEngine) -> list[Found]:
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

    return [shown(turn) for turn in memory.recall(caller.id, question.query, limit=question.limit)]
