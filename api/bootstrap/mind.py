"""The floor of memory: what the shop remembers, knows, expects and forgets."""

from functools import cache, cached_property

from api.bootstrap.catalogue import CatalogueNames, CatalogueTexts, ShopFront
from api.bootstrap.forgetting import (
    STILL_TO_BE_KEPT,
    CacheEntries,
    Letters,
    OwnDisk,
    Vectors,
    WarehouseRows,
)
from api.bootstrap.shop import Shop
from api.bootstrap.spares import Brain, Spares
from commerce.customers.leaving import Leaving
from foundation.clock import Clock
from foundation.holdings import PersonalRows
from foundation.outbox import Subscriber
from foundation.settings import Settings, embedded_database_url
from foundation.sql import metadata
from memory.engine import MemoryEngine, open_memory
from memory.enrichment.entities import Entities
from memory.enrichment.service import Enrichment, learn_intents
from memory.facts import Facts
from memory.forgetting.service import Forgetting, Secrets, Surroundings
from memory.knowledge.service import Knowledge
from memory.learning import FactLearning
from memory.listening import Listening
from memory.predictions.nightly import Nightly
from memory.predictions.service import SUBSCRIPTION as PREDICTIONS
from memory.predictions.service import Predictions
from memory.products import ProductSearch
from memory.statements.meaning import ClauseMeaning
from memory.statements.reader import StatementReader
from memory.store import MemoryStore
from tools.catalog import TOOLS

STATING = {"remember_preference"}
"""Tools whose examples say something of the customer; the others only ask."""


class Mind(Shop):
    """The shop with its memory."""

    def __init__(self, settings: Settings, *, now: Clock, brain: Brain, spares: Spares) -> None:
        super().__init__(settings, now=now, spares=spares)
        self.embedder = brain.embedder

    @cached_property
    def memory(self) -> MemoryEngine:
        return open_memory(
            self.ledger,
            embedder=self.embedder,
            outbox=self.outbox,
            data_keys=self.data_keys,
            calendar=self.calendar,
        )

    @cached_property
    def entities(self) -> Entities:
        return Entities(CatalogueNames(self.inventory), is_word=self.embedder.is_word)

    @cached_property
    def listening(self) -> Listening:
        def enrichment() -> Enrichment:
            utterances = {tool.name: tool.examples for tool in TOOLS}
            intents = learn_intents(utterances, CatalogueNames(self.inventory), self.embedder)
            return Enrichment(intents, self.entities)

        def learning() -> FactLearning:
            requests = [text for tool in TOOLS if tool.name not in STATING for text in tool.examples]
            reader = StatementReader(self.entities, ClauseMeaning(self.embedder, requests=requests))
            return FactLearning(reader, Facts(self.ledger, now=self.now))

        return Listening(self.ledger, cache(enrichment), cache(learning), calendar=self.calendar)

    @cached_property
    def shop_front(self) -> ShopFront:
        return ShopFront(self.inventory, self.memberships, self.ages, now=self.now)

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
        return ProductSearch(CatalogueTexts(self.inventory), self.embedder)

    @cached_property
    def personal_rows(self) -> PersonalRows:
        return PersonalRows(self.ledger, metadata, self.data_keys, spared=STILL_TO_BE_KEPT)

    @cached_property
    def forgetting(self) -> Forgetting:
        rooms = (self.checkout, self.membership_billing, self.payments)
        stores = (
            CacheEntries(self.cache, self.ledger),
            Letters(self.settings.mail.folder, self.ledger),
            Vectors(self.memory.index),
            WarehouseRows(self.warehouse),
        )
        is_embedded = self.settings.ledger.url == embedded_database_url(self.settings.var)
        around = Surroundings(
            stores,
            Leaving(self.customers, self.access, rooms=rooms),
            OwnDisk(self.settings.var, self.ledger, is_embedded=is_embedded),
        )
        secrets = Secrets(self.key_ring, self.data_keys, self.digests)
        return Forgetting(
            self.ledger, rows=self.personal_rows, surroundings=around, secrets=secrets, now=self.now
        )
