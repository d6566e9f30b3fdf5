"""A client of a real house: a small shop on real PostgreSQL and Valkey, with the clock held still."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.containers import Brain, House, build, load_brain
from commerce.customers.models import NewCustomer
from commerce.inventory.models import Effect
from commerce.raffles import store as raffle_store
from commerce.raffles.models import Raffle, RaffleStatus
from foundation.auth import Principal, Role, StaffRole
from foundation.embedded import EmbeddedPostgres, EmbeddedValkey
from foundation.money import Money
from foundation.settings import Settings, load_settings
from tests.fakes import FakeClock
from tests.shop import ADULT, product

Headers = dict[str, str]
SignIn = Callable[..., Headers]

ANA, BEN, STAFF = "cus_ana", "cus_ben", "stf_sam"
"""Ana is verified and has a card on file; Ben is neither."""
VAR = Path(__file__).parents[2] / "var"


@cache
def brain() -> Brain:
    return load_brain(load_settings(APP_ENV="test", VAR_DIR=str(VAR)))


@pytest.fixture
def house(live_settings: Settings, clock: FakeClock) -> Iterator[House]:
    yield from _open_house(live_settings, clock)


@pytest.fixture(scope="module")
def lasting_house(
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    maintenance: psycopg.Connection,
    template: str,
) -> Iterator[House]:
    """One for all tests of a module, when they leave it as they find it."""
    maintenance.execute(f"CREATE DATABASE lasting TEMPLATE {template}")
    url = postgres.url.replace("@/postgres?", "@/lasting?")
    settings = load_settings(
        APP_ENV="test",
        VAR_DIR=str(VAR),
        DATABASE_URL=url,
        REDIS_URL=valkey.url,
        REQUESTS_PER_MINUTE=1_000_000,
    )
    yield from _open_house(settings, FakeClock())
    maintenance.execute("DROP DATABASE lasting WITH (FORCE)")


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with TestClient(create_app(house), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def sign_in(house: House) -> SignIn:
    """`sign_in("cus_ana")` gives the headers of a request by Ana."""

    def headers(
        principal_id: str, *, role: Role = Role.CUSTOMER, staff_role: StaffRole | None = None
    ) -> Headers:
        principal = Principal(principal_id, role, staff_role=staff_role)
        return {"Authorization": f"Bearer {house.tokens.issue(principal)}"}

    return headers


@pytest.fixture
def ana(sign_in: SignIn) -> Headers:
    return sign_in(ANA)


@pytest.fixture
def ben(sign_in: SignIn) -> Headers:
    return sign_in(BEN)


@pytest.fixture
def staff(sign_in: SignIn) -> Headers:
    return sign_in(STAFF, role=Role.STAFF)


@pytest.fixture
def guest(sign_in: SignIn) -> Headers:
    return sign_in("gst_gus", role=Role.GUEST)


def _open_house(settings: Settings, clock: FakeClock) -> Iterator[House]:
    """With a small shop in it. Its models are kept between runs."""
    house = build(settings.model_copy(update={"var": VAR}), clock=clock, brain=brain())
    _stock(house)
    _open_raffle(house)
    _register(house)
    yield house
    house.close()


def _stock(house: House) -> None:
    house.services.inventory.put(
        [
            product(1, id="prd_owl", name="Night Owl Gummies", price=Money(28_00)),
            product(2, id="prd_bear", name="Deep Bear Gummies", price=Money(54_50)),
            product(3, id="prd_day", name="Daybreak Mints", price=Money(19_99), effects=(Effect.FOCUS,)),
        ]
    )


def _open_raffle(house: House) -> None:
    now = house.now()
    spring = Raffle(
        id="rfl_spring",
        title="Spring Raffle",
        prize="A garden bench",
        ticket_price=Money(5_00),
        max_tickets=50,
        per_customer_limit=10,
        minimum_age=21,
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=6),
        status=RaffleStatus.OPEN,
        sold=0,
    )
    with house.ledger.transaction() as connection:
        raffle_store.add(connection, spring, created_at=now)


def _register(house: House) -> None:
    house.customers.register(NewCustomer("Ana Alvarez", "ana@example.com", state="TX"), customer_id=ANA)
    house.customers.register(NewCustomer("Ben Brown", "ben@example.com", state="TX"), customer_id=BEN)
    house.ages.verify(ANA, ADULT)
    house.payments.cards.add(ANA, nonce="tok_approve")
