"""Put together, within a budget of tokens, what may help to answer a customer's message."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from memory.context.models import (
    TURN_TOKENS,
    Depth,
    MemoryContext,
    RecalledTurn,
    fitting,
    tokens_in,
    tokens_of,
)
from memory.context.recall import TurnRecall
from memory.context.renderer import fact_line, product_line, quote_line
from memory.conversations.models import Interaction
from memory.customer_view.partial import Parts
from memory.customer_view.service import CustomerViews, of_words
from memory.facts.models import Fact
from memory.facts.store import ALLERGIC_TO, Facts
from memory.knowledge.service import Knowledge, Quote
from memory.profiles.store import ProfileStore
from memory.retrieval.index.base import Turns
from memory.retrieval.products import ProductMatch, ProductSearch

RECENT_TURNS, RECENT_SHARE = 6, 0.5
"""The last turns, and how much of the tokens for turns they may take."""
RELEVANT_TURNS = 6
FACT_TOKENS = 400
PRODUCTS, PRODUCT_TOKENS = 5, 200
QUOTES, QUOTE_TOKENS = 2, 400
VITAL = (ALLERGIC_TO, "diet")
"""Facts that are chosen whatever else has to be left out: not to know them could harm."""


@dataclass(frozen=True)
class Sources:
    """What else there is to know: of the customer, of what the shop sells, and of its documents."""

    customer_views: CustomerViews
    products: ProductSearch
    knowledge: Knowledge


class Composer:
    def __init__(
        self,
        profiles: ProfileStore,
        facts: Facts,
        recall: TurnRecall,
        *,
        zone: ZoneInfo,
        sources: Sources | None,
    ) -> None:
        self._profiles = profiles
        self._facts = facts
        self._recall = recall
        self._zone = zone
        self._sources = sources

    def compose(
        self, customer_id: str, message: str, *, depth: Depth, tokens: int = TURN_TOKENS
    ) -> MemoryContext:
        """tokens: for past turns; the other parts have bounds of their own. What fails is named."""
        parts = Parts()
        sources = self._sources if depth is Depth.FULL else None
        view = (
            sources.customer_views.of(customer_id)
            if sources
            else of_words(self._profiles, self._facts, customer_id, parts)
        )
        recent, relevant = self._turns(customer_id, message, tokens=tokens, parts=parts)
        return MemoryContext(
            customer_id=customer_id,
            zone=self._zone,
            depth=depth,
            view=view,
            facts=fitting_facts(view.facts, zone=self._zone),
            recent=tuple(recent),
            relevant=tuple(relevant),
            products=parts.read("products", lambda: _products(sources, message), ()),
            quotes=parts.read("documents", lambda: _quotes(sources, message), ()),
            missing=(*view.missing, *parts.missing),
        )

    def _turns(
        self, customer_id: str, message: str, *, tokens: int, parts: Parts
    ) -> tuple[Sequence[Interaction], Sequence[RecalledTurn]]:
        turns = parts.read("past turns", lambda: self._recall.index.open(customer_id), None)
        if turns is None:
            return (), ()
        recent = fitting(turns.recent(RECENT_TURNS), tokens_of, tokens=int(RECENT_SHARE * tokens))
        left = tokens - sum(map(tokens_of, recent))
        older: Sequence[RecalledTurn] = parts.read(
            "relevant turns", lambda: self._older(turns, message, besides=recent), ()
        )
        return recent, fitting(older, lambda each: tokens_of(each.interaction), tokens=left)

    def _older(self, turns: Turns, message: str, *, besides: Sequence[Interaction]) -> Sequence[RecalledTurn]:
        if not besides:
            return ()
        shown = {turn.id for turn in besides}
        found = self._recall.search(turns, message, limit=RELEVANT_TURNS + len(shown))
        return [each for each in found if each.interaction.id not in shown][:RELEVANT_TURNS]


def fitting_facts(facts: Sequence[Fact], *, zone: ZoneInfo) -> tuple[Fact, ...]:
    """What could harm and what was said last, in the order given."""
    by_weight = sorted(facts, key=lambda each: each.said_at or each.valid_from, reverse=True)
    by_weight.sort(key=lambda each: each.predicate not in VITAL)
    chosen = fitting(by_weight, lambda each: tokens_in(fact_line(each, zone)), tokens=FACT_TOKENS)
    kept = {each.id for each in chosen}
    return tuple(each for each in facts if each.id in kept)


def _products(sources: Sources | None, message: str) -> tuple[ProductMatch, ...]:
    found = sources.products.search(message, limit=PRODUCTS) if sources else ()
    return tuple(fitting(found, lambda each: tokens_in(product_line(each)), tokens=PRODUCT_TOKENS))


def _quotes(sources: Sources | None, message: str) -> tuple[Quote, ...]:
    found = sources.knowledge.search(message, limit=QUOTES) if sources else ()
    return tuple(fitting(found, lambda each: tokens_in(quote_line(each)), tokens=QUOTE_TOKENS))
