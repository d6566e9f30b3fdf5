"""Search by meaning: the shop's products, its documents, and the caller's own conversations."""

from api.authorization import NotAllowed, Visitor
from api.deps import InventoryDep, KnowledgeDep, MemoryDep, ProductSearchDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.search import SearchCollection, SearchHit, SearchQuery
from commerce.inventory.service import Inventory
from foundation.auth import Principal
from memory.context.models import RecalledTurn
from memory.engine import MemoryEngine
from memory.knowledge.service import Knowledge, Quote
from memory.retrieval.products import ProductMatch, ProductSearch

router = api_router(
    prefix="/api/memory/vector",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


@router.post("/search")
def search_memory(
    wanted: SearchQuery,
    visitor: Visitor,
    products: ProductSearchDep,
    inventory: InventoryDep,
    knowledge: KnowledgeDep,
    memory: MemoryDep,
) -> Envelope[list[SearchHit]]:
    """Search, the best hit first. The response is a ranking: it ends at `limit` and has no further pages.

    Products are in stock and within the price that the query names. Without a hit the list is empty.
    """
    match wanted.collection:
        case SearchCollection.PRODUCTS:
            return Envelope(data=_products(wanted, products, inventory))
        case SearchCollection.KNOWLEDGE:
            return Envelope(data=_knowledge(wanted, knowledge))
        case SearchCollection.CONVERSATIONS:
            return Envelope(data=_conversations(wanted, visitor, memory))


def _products(wanted: SearchQuery, products: ProductSearch, inventory: Inventory) -> list[SearchHit]:
    found = products.search(wanted.query, limit=wanted.limit)
    known = inventory.many([match.product.id for match in found])

    def shown(match: ProductMatch) -> SearchHit:
        product = known[match.product.id]
        return SearchHit(
            id=product.id,
            title=product.name,
            text=product.description,
            score=match.score,
            why=match.why,
            price=product.price,
        )

    return [shown(match) for match in found if match.product.id in known]


def _knowledge(wanted: SearchQuery, knowledge: Knowledge) -> list[SearchHit]:
    def shown(quote: Quote) -> SearchHit:
        return SearchHit(
            id=quote.id,
            title=" > ".join(quote.passage.headings) or quote.title,
            text=quote.passage.text,
            score=quote.score,
            why=quote.why,
            at=quote.published_at,
        )

    return [shown(quote) for quote in knowledge.search(wanted.query, limit=wanted.limit)]


def _conversations(wanted: SearchQuery, caller: Principal, memory: MemoryEngine) -> list[SearchHit]:
    if "own:read" not in caller.scopes:
        raise NotAllowed("own:read")

    def shown(turn: RecalledTurn) -> SearchHit:
        interaction = turn.interaction
        return SearchHit(
            id=interaction.id,
            title=interaction.channel,
            text=interaction.words_of(turn.speaker),
            score=turn.score,
            why=turn.why,
            at=interaction.at,
        )

    return [shown(turn) for turn in memory.recall(caller.id, wanted.query, limit=wanted.limit)]
