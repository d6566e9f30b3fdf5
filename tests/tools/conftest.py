"""Calls tools as a model does: by name, through the catalogue, for whoever is asking."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from api.containers.catalogue import shop_terms
from foundation.auth import Principal, Role
from foundation.clock import Calendar
from foundation.sql import Ledger
from memory.embeddings import Embedder, load_embedder
from memory.engine import MemoryEngine, open_memory
from memory.knowledge.service import Knowledge
from tests.fakes import FakeClock
from tests.shop import CHICAGO, Shop
from tools.catalog import Call, Catalog
from tools.confirmations import Confirmations, PendingAction
from tools.effects import Effects
from tools.results import ToolResult

MODELS = Path(__file__).parents[2] / "var" / "models"
ROLES = {"cus": Role.CUSTOMER, "gst": Role.GUEST, "stf": Role.STAFF}


class AllAlike:
    """Every text means the same, so that only its words tell it apart."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), 384), 384**-0.5, dtype=np.float32)


@dataclass(frozen=True)
class Counter:
    shop: Shop
    memory: MemoryEngine
    knowledge: Knowledge
    catalog: Catalog
    numbers: "itertools.count[int]"

    def ask(self, name: str, *, who: str = "cus_ana", **arguments: Any) -> ToolResult:  # noqa: ANN401 - as a model
        """A call; what moves money only becomes a question."""
        call = Call(f"call_{next(self.numbers)}", name, arguments)
        principal = Principal(who, ROLES[who[:3]])
        return self.catalog.call(
            call, principal=principal, thread_id=f"thr_{who}", turn_id="trn_1", guard=lambda _: None
        )

    def agree(self, *, who: str = "cus_ana") -> ToolResult:
        """The customer's yes to what is waiting."""
        action = self.catalog.confirmations.waiting(f"thr_{who}")
        if action is None:
            raise AssertionError("nothing waits for a yes")
        return self.carry_out(action)

    def carry_out(self, action: PendingAction) -> ToolResult:
        principal = Principal(action.principal_id, ROLES[action.principal_id[:3]])
        return self.catalog.carry_out(
            action, principal=principal, confirmed_at=self.shop.clock(), guard=lambda _: None
        )


@pytest.fixture
def shop(ledger: Ledger, clock: FakeClock) -> Shop:
    return Shop(ledger, clock)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return load_embedder(MODELS)


@pytest.fixture
def counter(shop: Shop, embedder: Embedder) -> Counter:
    """A counter at which Ana stands, verified and with a card that is approved."""
    shop.welcome("ana")
    calendar = Calendar(CHICAGO, shop.clock)
    memory = open_memory(
        shop.ledger,
        embedder=AllAlike(),
        outbox=shop.outbox,
        data_keys=shop.keys,
        calendar=calendar,
        terms=shop_terms(),
    )
    confirmations = Confirmations(shop.ledger, now=shop.clock, expire_after=timedelta(minutes=10))
    knowledge = Knowledge(shop.ledger, embedder, now=shop.clock)
    services = shop.services(memory, knowledge)
    catalog = Catalog(shop.ledger, services, Effects(shop.ledger, now=shop.clock), confirmations)
    return Counter(shop, memory, knowledge, catalog, itertools.count(1))
