"""The floor of memory: what the shop remembers, knows, expects and forgets."""

from collections.abc import Sequence
from functools import cache, cached_property

from api.containers.books import Books
from api.containers.catalogue import CatalogueNames, CatalogueTexts, ShopFront, shop_terms
from api.containers.forgetting import (
    STILL_TO_BE_KEPT,
    CacheEntries,
    Letters,
    OwnDisk,
    Vectors,
    WarehouseRows,
)
from api.containers.recall import Recall
from api.containers.spares import Brain, Spares, learned_intents
from api.containers.standing import ShopStanding
from commerce.customers.account_closure import AccountClosure
from foundation.clock import Clock
from foundation.holdings import PersonalRows
from foundation.outbox import Subscriber
from foundation.settings import Settings, embedded_database_url
from foundation.sql import metadata
from memory.context.builder import Sources
from memory.context.recall import TurnRecall
from memory.conversations.models import Interaction
from memory.customer_view.service import Portraits
from memory.engine import MemoryEngine, Remarks
from memory.erasure.service import Forgetting, Secrets, Surroundings
from memory.events import MemoryEvents
from memory.facts.extraction import is_worth_reading_again
from memory.facts.learning import FactLearning
from memory.facts.models import Claim
from memory.facts.reader import StatementReader
from memory.facts.store import Facts
from memory.ingest.recording import Recording
from memory.ingest.subscriber import Ears, Listening
from memory.knowledge.service import Knowledge
from memory.predictions.nightly import Nightly
from memory.predictions.service import SUBSCRIPTION as PREDICTIONS
from memory.predictions.service import Predictions
from memory.predictions.suggestions import Suggestions
from memory.retrieval.products import ProductSearch
from memory.store import MemoryStore
from memory.understanding.entities import Entities
from memory.understanding.service import Enrichment


class Mind(Recall):
    """The shop with its memory."""

    def __init__(self, settings: Settings, *, now: Clock, brain: Brain, spares: Spares) -> None:
        super().__init__(settings, now=now, spares=spares)
        self.embedder = brain.embedder
        self.brain = brain

    @cached_property
    def memory(self) -> MemoryEngine:
        return MemoryEngine(
            self.ledger,
            recall=TurnRecall(self.turn_index, self.embedder),
            events=self.memory_events,
            calendar=self.calendar,
            sources=Sources(self.portraits, self.product_search, self.knowledge),
            remarks=Remarks(self._read, shop_terms()),
        )

    def _read(self, remark: str) -> Sequence[Claim]:
        """The reader is made when it is first needed."""
        return self.statement_reader.read(remark)

    @cached_property
    def memory_events(self) -> MemoryEvents:
        return MemoryEvents(self.outbox, self.data_keys, now=self.now)

    @cached_property
    def entities(self) -> Entities:
        return Entities(CatalogueNames(self.inventory), self.brain.reader)

    @cached_property
    def statement_reader(self) -> StatementReader:
        return StatementReader(self.entities, self.brain.meaning)

    @cached_property
    def facts(self) -> Facts:
        return Facts(self.ledger, now=self.now, terms=shop_terms())

    @cached_property
    def fact_learning(self) -> FactLearning:
        return FactLearning(self.statement_reader, self.facts)

    @cached_property
    def listening(self) -> Listening:
        def enrichment() -> Enrichment:
            products = tuple(each.name for each in self.inventory.products())
            return Enrichment(learned_intents(self.embedder, products), self.entities)

        return Listening(
            self.ledger,
            Ears(cache(enrichment), lambda: self.fact_learning),
            self.memory_events,
            self.portraits,
            calendar=self.calendar,
            is_worth_reading_again=is_worth_reading_again if self.settings.models.is_refining else _never,
        )

    @cached_property
    def suggestions(self) -> Suggestions:
        return Suggestions(
            self.ledger,
            self.facts,
            lambda: {each.id: str(each.category) for each in self.inventory.catalogue().products.values()},
            is_barred=MemoryStore(self.ledger).is_barred,
        )

    @cached_property
    def shop_front(self) -> ShopFront:
        return ShopFront(self.inventory, self.memberships, self.ages, self.facts.allergies, now=self.now)

    @cached_property
    def predictions(self) -> Predictions:
        return Predictions(
            self.ledger,
            self.outbox,
            self.shop_front,
            calendar=self.calendar,
            is_barred=MemoryStore(self.ledger).is_barred,
        )

    @cached_property
    def portraits(self) -> Portraits:
        standings = ShopStanding(self.ages, self.memberships, now=self.now)
        return Portraits(self.ledger, self.facts, self.predictions, standings, terms=shop_terms())

    @cached_property
    def recording(self) -> Recording:
        books = Books(self.customers, self.inventory, self.checkout)
        return Recording(
            self.ledger, self.outbox, self.memory, self.predictions, books, calendar=self.calendar
        )

    @cached_property
    def nightly_predictions(self) -> Nightly:
        return Nightly(self.ledger, self.predictions, self.shop_front, calendar=self.calendar)

    def subscribers(self) -> list[Subscriber]:
        own = [self.listening.subscriber(), Subscriber(PREDICTIONS, self.predictions.take)]
        return [*super().subscribers(), *own]

    @cached_property
    def knowledge(self) -> Knowledge:
        return Knowledge(self.ledger, self.embedder, now=self.now)

    @cached_property
    def product_search(self) -> ProductSearch:
        return ProductSearch(CatalogueTexts(self.inventory), self.embedder, self.brain.reader)

    @cached_property
    def personal_rows(self) -> PersonalRows:
        return PersonalRows(self.ledger, metadata, self.data_keys, spared=STILL_TO_BE_KEPT)

    @cached_property
    def forgetting(self) -> Forgetting:
        services = (self.checkout, self.membership_billing, self.payments.cards)
        stores = (
            CacheEntries(self.cache, self.ledger),
            Letters(self.settings.mail.folder, self.ledger),
            Vectors(self.turn_index),
            WarehouseRows(self.warehouse),
        )
        is_embedded = self.settings.ledger.url == embedded_database_url(self.settings.var)
        around = Surroundings(
            stores,
            AccountClosure(self.customers, self.access, services=services),
            OwnDisk(self.settings.var, self.ledger, is_embedded=is_embedded),
        )
        secrets = Secrets(self.key_ring, self.data_keys, self.digests)
        return Forgetting(
            self.ledger, rows=self.personal_rows, surroundings=around, secrets=secrets, now=self.now
        )


def _never(_turn: Interaction) -> bool:
    return False
