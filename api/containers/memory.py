"""The services of memory, grouped as their packages are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.containers.adapters.catalogue import (
    CatalogueNames,
    CatalogueTexts,
    RecommendableCatalog,
    shop_terms,
)
from api.containers.adapters.eligibility import CustomerEligibility
from api.containers.adapters.erasure import (
    INDEX,
    RETAINED_BY_LAW,
    CacheEntries,
    LocalFiles,
    SentMessages,
    TurnVectors,
    WarehouseRows,
)
from api.containers.adapters.reference_data import ReferenceData
from api.containers.artifacts import ModelArtifacts, load_artifacts
from api.containers.commerce import CommerceServices
from api.containers.infrastructure import Infrastructure
from api.containers.overrides import USUAL, Overrides
from commerce.customers.account_closure import AccountClosure
from foundation.holdings import PersonalRows
from foundation.lazy import Lazy
from foundation.settings import embedded_database_url
from foundation.sql import metadata
from memory.context.builder import Sources
from memory.context.recall import TurnRecall
from memory.conversations.models import Interaction
from memory.conversations.store import ConversationStore
from memory.customer_view.service import CustomerViews
from memory.engine import MemoryEngine, Read, Remarks
from memory.erasure.service import ErasureDependencies, Erasures, Secrets
from memory.events import MemoryEvents
from memory.facts.extraction import is_worth_reading_again
from memory.facts.learning import FactLearning
from memory.facts.reader import AssertionReader
from memory.facts.store import Facts
from memory.ingest.recording import Recording
from memory.ingest.subscriber import Extractors, TurnSubscriber
from memory.knowledge.service import Knowledge
from memory.predictions.nightly import Nightly
from memory.predictions.service import Predictions
from memory.predictions.suggestions import Suggestions
from memory.profiles.store import ProfileStore
from memory.retrieval.index.base import TurnIndex
from memory.retrieval.index.files import BlockFiles
from memory.retrieval.index.local import Indexer, LocalIndex
from memory.retrieval.products import ProductSearch
from memory.understanding.entities import Entities
from memory.understanding.service import Enrichment

if TYPE_CHECKING:
    from memory.retrieval.index.pinecone import PineconeIndex


@dataclass(frozen=True)
class FactServices:
    store: Facts
    reader: Lazy[AssertionReader]
    """Reads statements with the embedder and a trained head."""
    learning: Lazy[FactLearning]


@dataclass(frozen=True)
class IndexServices:
    """The index of past turns: in this machine's memory and files, or at Pinecone."""

    turns: TurnIndex
    files: BlockFiles
    indexer: Indexer
    pinecone: "PineconeIndex | None"
    """None where the settings do not choose it."""


@dataclass(frozen=True)
class PredictionServices:
    catalog: RecommendableCatalog
    service: Predictions
    nightly: Nightly
    suggestions: Suggestions


@dataclass(frozen=True)
class ErasureServices:
    service: Erasures
    personal_rows: PersonalRows


@dataclass(frozen=True)
class MemoryServices:
    artifacts: ModelArtifacts
    engine: MemoryEngine
    facts: FactServices
    index: IndexServices
    predictions: PredictionServices
    customer_views: CustomerViews
    knowledge: Knowledge
    product_search: ProductSearch
    recording: Recording
    turn_subscriber: TurnSubscriber
    """Understands each turn after it was answered."""
    erasure: ErasureServices


@dataclass(frozen=True)
class _Below:
    """What every service of memory may stand on."""

    infrastructure: Infrastructure
    commerce: CommerceServices
    artifacts: ModelArtifacts
    entities: Lazy[Entities]


def build_memory(
    infrastructure: Infrastructure, commerce: CommerceServices, overrides: Overrides = USUAL
) -> MemoryServices:
    artifacts = overrides.artifacts or load_artifacts(infrastructure.settings)
    entities = Lazy(lambda: Entities(CatalogueNames(commerce.inventory), artifacts.reader()))
    below = _Below(infrastructure, commerce, artifacts, entities)
    facts = _build_facts(below)
    index = _build_index(infrastructure)
    predictions = _build_predictions(below, facts.store)
    views = _build_views(below, facts.store, predictions.service)
    events = MemoryEvents(infrastructure.outbox, infrastructure.keys.data, now=infrastructure.clock)
    sources = Sources(
        views,
        ProductSearch(CatalogueTexts(commerce.inventory), artifacts.encoder, artifacts.reader),
        Knowledge(infrastructure.ledger, artifacts.encoder, now=infrastructure.clock),
    )
    engine = MemoryEngine(
        infrastructure.ledger,
        recall=TurnRecall(index.turns, overrides.memory.turn_encoder or artifacts.encoder),
        events=events,
        calendar=infrastructure.calendar,
        remarks=Remarks(overrides.memory.read_statements or _reading(facts.reader), shop_terms()),
        sources=sources,
    )
    return MemoryServices(
        artifacts=artifacts,
        engine=engine,
        facts=facts,
        index=index,
        predictions=predictions,
        customer_views=views,
        knowledge=sources.knowledge,
        product_search=sources.products,
        recording=_build_recording(below, engine, predictions.service),
        turn_subscriber=_build_turn_subscriber(below, facts, events, views),
        erasure=_build_erasure(infrastructure, commerce, index.turns),
    )


def _build_facts(below: _Below) -> FactServices:
    store = Facts(below.infrastructure.ledger, now=below.infrastructure.clock, terms=shop_terms())
    reader = Lazy(lambda: AssertionReader(below.entities(), below.artifacts.clause_meaning()))
    return FactServices(store, reader, Lazy(lambda: FactLearning(reader(), store)))


def _reading(reader: Lazy[AssertionReader]) -> Read:
    return lambda remark: reader().read(remark)


def _build_index(infrastructure: Infrastructure) -> IndexServices:
    ledger, zone = infrastructure.ledger, infrastructure.calendar.zone
    store = ConversationStore(ledger)
    files = BlockFiles(infrastructure.settings.var / INDEX)
    pinecone = _opened_pinecone(infrastructure)
    return IndexServices(
        turns=pinecone or LocalIndex(store, zone=zone, files=files),
        files=files,
        indexer=Indexer(store, ProfileStore(ledger), files=files, zone=zone),
        pinecone=pinecone,
    )


def _opened_pinecone(infrastructure: Infrastructure) -> "PineconeIndex | None":
    settings = infrastructure.settings.pinecone
    if not settings.is_chosen:
        return None
    from memory.retrieval.index.pinecone import open_pinecone  # noqa: PLC0415 - its SDK takes a second to load

    index = open_pinecone(settings, infrastructure.ledger, zone=infrastructure.calendar.zone)
    infrastructure.resources.add(index.close)
    return index


def _build_predictions(below: _Below, facts: Facts) -> PredictionServices:
    infrastructure, commerce = below.infrastructure, below.commerce
    ledger, calendar, inventory = infrastructure.ledger, infrastructure.calendar, commerce.inventory
    is_barred = ProfileStore(ledger).is_barred
    catalog = RecommendableCatalog(
        inventory,
        commerce.memberships.service,
        commerce.age.service,
        facts.allergies,
        now=infrastructure.clock,
    )
    predictions = Predictions(ledger, infrastructure.outbox, catalog, calendar=calendar, is_barred=is_barred)
    return PredictionServices(
        catalog=catalog,
        service=predictions,
        nightly=Nightly(ledger, predictions, catalog, calendar=calendar),
        suggestions=Suggestions(
            ledger,
            facts,
            lambda: {each.id: str(each.category) for each in inventory.catalogue().products.values()},
            is_barred=is_barred,
        ),
    )


def _build_views(below: _Below, facts: Facts, predictions: Predictions) -> CustomerViews:
    age, memberships = below.commerce.age.service, below.commerce.memberships.service
    eligibility = CustomerEligibility(age, memberships, now=below.infrastructure.clock)
    return CustomerViews(below.infrastructure.ledger, facts, predictions, eligibility, terms=shop_terms())


def _build_recording(below: _Below, engine: MemoryEngine, predictions: Predictions) -> Recording:
    infrastructure, commerce = below.infrastructure, below.commerce
    reference_data = ReferenceData(commerce.customers.service, commerce.inventory, commerce.checkout.service)
    return Recording(
        infrastructure.ledger,
        infrastructure.outbox,
        engine,
        predictions,
        reference_data,
        calendar=infrastructure.calendar,
    )


def _build_turn_subscriber(
    below: _Below, facts: FactServices, events: MemoryEvents, views: CustomerViews
) -> TurnSubscriber:
    def enrichment() -> Enrichment:
        names = [each.name for each in below.commerce.inventory.products()]
        return Enrichment(below.artifacts.intents(names), below.entities())

    extracts_facts = below.infrastructure.settings.models.extracts_facts
    return TurnSubscriber(
        below.infrastructure.ledger,
        Extractors(Lazy(enrichment), facts.learning),
        events,
        views,
        calendar=below.infrastructure.calendar,
        is_worth_reading_again=is_worth_reading_again if extracts_facts else _never,
    )


def _build_erasure(
    infrastructure: Infrastructure, commerce: CommerceServices, turns: TurnIndex
) -> ErasureServices:
    ledger, keys = infrastructure.ledger, infrastructure.keys
    rows = PersonalRows(ledger, metadata, keys.data, spared=RETAINED_BY_LAW)
    return ErasureServices(
        service=Erasures(
            ledger,
            rows=rows,
            dependencies=_erasure_dependencies(infrastructure, commerce, turns),
            secrets=Secrets(keys.ring, keys.data, keys.digests),
            now=infrastructure.clock,
        ),
        personal_rows=rows,
    )


def _erasure_dependencies(
    infrastructure: Infrastructure, commerce: CommerceServices, turns: TurnIndex
) -> ErasureDependencies:
    settings, ledger, customers = infrastructure.settings, infrastructure.ledger, commerce.customers
    closing = (commerce.checkout.service, commerce.memberships.billing, commerce.payments.service.cards)
    is_embedded = settings.ledger.url == embedded_database_url(settings.var)
    return ErasureDependencies(
        (
            CacheEntries(infrastructure.cache, ledger),
            SentMessages(settings.mail.folder, ledger),
            TurnVectors(turns),
            WarehouseRows(infrastructure.warehouse),
        ),
        AccountClosure(customers.service, customers.access, services=closing),
        LocalFiles(settings.var, ledger, is_embedded=is_embedded),
    )


def _never(_turn: Interaction) -> bool:
    return False
