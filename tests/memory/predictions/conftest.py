from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pytest

from foundation.clock import Calendar
from foundation.outbox import Outbox, Subscription
from foundation.sql import Ledger
from memory.predictions.model import Model, fit_model
from memory.predictions.nightly import Nightly
from memory.predictions.ports import ShopProduct
from memory.predictions.purchases import Purchase
from memory.predictions.rhythm import Floats, Purchases
from memory.predictions.service import Predictions
from memory.predictions.store import Fitted, add_model
from memory.predictions.tastes import Tastes
from tests.fakes import FakeClock
from tests.memory.conftest import CHICAGO

TODAY, HORIZON = 400, 90
GUMMIES = ShopProduct("prd_gummies", "Night Owl Gummies", frozenset({"sleep", "berry"}))
TEA = ShopProduct("prd_tea", "Meadow Tea", frozenset({"calm", "mint"}))
DROPS = ShopProduct("prd_drops", "Moon Drops", frozenset({"sleep", "honey"}))
BALM = ShopProduct("prd_balm", "Trail Balm", frozenset({"relief"}))
SHOP = (GUMMIES, TEA, DROPS, BALM)


@dataclass
class FakeStorefront:
    catalogue: Sequence[ShopProduct] = SHOP
    withheld: set[str] = field(default_factory=set)

    def products(self) -> Sequence[ShopProduct]:
        return self.catalogue

    def offered_to(self, customer_id: str) -> Collection[str]:
        assert customer_id
        return {each.id for each in self.catalogue} - self.withheld


@dataclass(frozen=True)
class World:
    """Customers made up by the model's own assumptions, and what they spend on a day of buying."""

    purchases: Purchases

    @classmethod
    def draw(cls, customers: int, *, seed: int) -> "World":
        """Each comes in the first year; days before 490 are simulated."""
        rng = np.random.default_rng(seed)
        rate, leave = rng.gamma(0.9, 1 / 45, customers), rng.beta(0.8, 3.0, customers)
        at: Floats = rng.uniform(0, 365, customers)
        active = np.arange(customers)
        who, days = [active], [at]
        while len(active):
            stays = rng.random(len(active)) >= leave[active]
            active, at = active[stays], at[stays]
            at = at + rng.exponential(1 / rate[active])
            here = at < TODAY + HORIZON
            active, at = active[here], at[here]
            who.append(active)
            days.append(at)
        customer = np.concatenate(who)
        spent = np.round(rng.gamma(6, 700, len(customer)))
        return cls(Purchases(customer, np.floor(np.concatenate(days)).astype(np.int64), spent))


@pytest.fixture(scope="package")
def world() -> World:
    return World.draw(8_000, seed=5)


@pytest.fixture(scope="package")
def model(world: World) -> Model:
    model = fit_model(world.purchases, today=TODAY, horizon=HORIZON)
    assert model is not None
    return model


@pytest.fixture
def tastes() -> Tastes:
    """Who has gummies may like drops; who has tea, gummies."""
    pull = np.zeros((4, 4), np.float32)
    pull[0, 2], pull[1, 0] = 0.4, 0.2
    products = tuple(each.id for each in SHOP)
    bought = np.array([0.5, 0.3, 0.2, 0.1])
    return Tastes(products, pull, np.full(4, 0.5), bought, (1.0, 0.1, 0.1, 0.5), 0.7)


@pytest.fixture
def storefront() -> FakeStorefront:
    return FakeStorefront()


@pytest.fixture
def barred() -> set[str]:
    return set()


@pytest.fixture
def calendar(clock: FakeClock) -> Calendar:
    return Calendar(CHICAGO, clock)


@pytest.fixture
def predictions(
    ledger: Ledger, storefront: FakeStorefront, calendar: Calendar, barred: set[str]
) -> Predictions:
    warehouse = Subscription("warehouse", frozenset({"predictions"}))
    outbox = Outbox(ledger, [warehouse], now=calendar.now)
    return Predictions(ledger, outbox, storefront, calendar=calendar, is_barred=barred.__contains__)


@pytest.fixture
def nightly(
    ledger: Ledger, predictions: Predictions, storefront: FakeStorefront, calendar: Calendar
) -> Nightly:
    return Nightly(ledger, predictions, storefront, calendar=calendar)


@pytest.fixture
def fitted(ledger: Ledger, model: Model, tastes: Tastes, calendar: Calendar) -> str:
    """The version of a model that is ready in the ledger."""
    with ledger.transaction() as connection:
        made = Fitted("2026-03-01-test", calendar.now(), model.document(), tastes.to_bytes())
        add_model(connection, made)
    return made.version


def bought(
    order: str,
    at: datetime,
    *products: ShopProduct,
    customer_id: str = "cus_ana",
    cents: int = 4_000,
) -> Purchase:
    local = at.astimezone(CHICAGO).date()
    return Purchase(order, customer_id, at, local, cents, tuple(each.id for each in products))
