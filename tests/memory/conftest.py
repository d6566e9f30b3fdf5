from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from api.containers.adapters.catalogue import shop_terms
from api.containers.artifacts import ModelArtifacts
from evals.facts.names import DemoCatalogue
from evals.facts.reading import open_reader
from foundation.clock import Calendar
from foundation.crypto import DataKeys, KeyRing
from foundation.outbox import Outbox, Subscription
from foundation.sql import Ledger
from foundation.text.reader import TextReader
from memory.conversations.models import Interaction
from memory.embeddings import Embedder, Encoder, load_embedder
from memory.engine import MemoryEngine, open_memory
from memory.facts.reader import AssertionReader
from memory.understanding.entities import Entities
from memory.understanding.service import Enrichment, learn_intents
from tests.fakes import FakeClock

MODELS = Path(__file__).parents[2] / "var" / "models"
CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 2, 1, 18, tzinfo=UTC)
TURN = Interaction(
    id="trn_1",
    customer_id="cus_ana",
    thread_id="thr_1",
    channel="chat",
    at=NOON,
    message="I sleep badly and would like something with berry",
    response="Night Owl Gummies are made for the evening and taste of berry.",
)
WAYS = {
    "search_products": [
        "what do you have for sleep",
        "show me gummies under 30",
        "something for pain please",
        "do you sell tinctures",
        "I'm looking for a vape",
        "quiero algo para dormir",
    ],
    "add_to_cart": [
        "put the product in my cart",
        "add the product please",
        "I'll take the product",
        "two of the product for my cart",
        "get me the product",
    ],
    "cancel_membership": [
        "cancel my membership",
        "end my subscription",
        "I don't want to be a member any more",
        "stop my membership please",
        "please cancel the subscription",
    ],
}
OpenMemory = Callable[[], MemoryEngine]


def said(number: int, message: str, response: str = "Noted.", *, customer_id: str = "cus_ana") -> Interaction:
    """The customer's turn of that number, an hour after the one before it."""
    return replace(
        TURN,
        id=f"trn_{customer_id}_{number}",
        customer_id=customer_id,
        at=NOON + timedelta(hours=number),
        message=message,
        response=response,
    )


def until_somebody_waits(ledger: Ledger) -> None:
    """For a lock that is held here."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with ledger.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as beside:
        while not beside.execute(waiting).scalar_one():
            pass


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return load_embedder(MODELS)


@pytest.fixture(scope="session")
def text_reader(embedder: Embedder) -> TextReader:
    return ModelArtifacts(MODELS, embedder=embedder).reader()


@pytest.fixture(scope="session")
def reader(embedder: Embedder) -> AssertionReader:
    return open_reader(embedder, folder=MODELS)


@pytest.fixture(scope="session")
def enrichment(embedder: Embedder, text_reader: TextReader) -> Enrichment:
    catalogue = DemoCatalogue()
    products = [each.name for each in catalogue.names() if each.kind == "product"]
    intents = learn_intents(WAYS, products, embedder)
    return Enrichment(intents, Entities(catalogue, text_reader))


@pytest.fixture
def data_keys(ledger: Ledger) -> DataKeys:
    return DataKeys(ledger, KeyRing({"test": b"k" * 32}))


@pytest.fixture
def open_engine(
    ledger: Ledger, data_keys: DataKeys, clock: FakeClock, embedder: Embedder
) -> Callable[..., MemoryEngine]:
    """Opens a memory as each process does: with an index of its own over the one ledger."""
    outbox = Outbox(ledger, [Subscription("warehouse", frozenset({"interactions"}))], now=clock)

    def open_one(encoder: Encoder = embedder) -> MemoryEngine:
        return open_memory(
            ledger,
            embedder=encoder,
            outbox=outbox,
            data_keys=data_keys,
            calendar=Calendar(CHICAGO, clock),
            terms=shop_terms(),
        )

    return open_one


@pytest.fixture
def memory(open_engine: OpenMemory) -> MemoryEngine:
    return open_engine()


@contextmanager
def away(ledger: Ledger, table: str) -> Iterator[None]:
    """The table cannot be read meanwhile."""
    rename = "ALTER TABLE {} RENAME TO {}"
    with ledger.transaction() as connection:
        connection.execute(text(rename.format(table, "away")))
    try:
        yield
    finally:
        with ledger.transaction() as connection:
            connection.execute(text(rename.format("away", table)))
