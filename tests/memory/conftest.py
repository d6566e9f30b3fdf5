from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from evals.facts.reading import open_reader
from foundation.clock import Calendar
from foundation.crypto import DataKeys, KeyRing
from foundation.outbox import Outbox, Subscription
from foundation.sql import Ledger
from memory.embeddings import Embedder, Encoder, load_embedder
from memory.engine import MemoryEngine, open_memory
from memory.interactions import Interaction
from memory.statements.reader import StatementReader
from tests.fakes import FakeClock

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


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return load_embedder(Path(__file__).parents[2] / "var" / "models")


@pytest.fixture(scope="session")
def reader(embedder: Embedder) -> StatementReader:
    return open_reader(embedder)


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
        )

    return open_one


@pytest.fixture
def memory(open_engine: OpenMemory) -> MemoryEngine:
    return open_engine()
