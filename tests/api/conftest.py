"""A client of a real container: a small shop on real PostgreSQL and Valkey, with the clock held still."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import psycopg
import pytest
import uvicorn
from starlette.testclient import TestClient

from api.app import create_app
from api.containers.artifacts import ModelArtifacts, load_artifacts
from api.containers.container import Container, build_container
from api.containers.overrides import Overrides
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


def usd(amount: str) -> dict[str, str]:
    """Money on the wire."""
    return {"amount": amount, "currency": "USD"}


@cache
def artifacts() -> ModelArtifacts:
    return load_artifacts(load_settings(APP_ENV="test", VAR_DIR=str(VAR)))


@pytest.fixture
def overrides(clock: FakeClock) -> Overrides:
    return Overrides(clock=clock, artifacts=artifacts())


@pytest.fixture
def container(live_settings: Settings, overrides: Overrides) -> Iterator[Container]:
    yield from _open_container(live_settings, overrides)


@pytest.fixture(scope="module")
def lasting_container(
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    maintenance: psycopg.Connection,
    template: str,
) -> Iterator[Container]:
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
    yield from _open_container(settings, Overrides(clock=FakeClock(), artifacts=artifacts()))
    maintenance.execute("DROP DATABASE lasting WITH (FORCE)")


@pytest.fixture
def client(container: Container) -> Iterator[TestClient]:
    with TestClient(create_app(container), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def address(container: Container) -> Iterator[str]:
    """Of a server on the loopback, for a module whose container lasts."""
    server = uvicorn.Server(uvicorn.Config(create_app(container), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def sign_in(container: Container) -> SignIn:
    """`sign_in("cus_ana")` gives the headers of a request by Ana."""

    def headers(
        principal_id: str, *, role: Role = Role.CUSTOMER, staff_role: StaffRole | None = None
    ) -> Headers:
        principal = Principal(principal_id, role, staff_role=staff_role)
        return {"Authorization": f"Bearer {container.infrastructure.tokens.issue(principal)}"}

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


def _open_container(settings: Settings, overrides: Overrides) -> Iterator[Container]:
    """With a small shop in it. Its models are kept between runs."""
    container = build_container(settings.model_copy(update={"var": VAR}), overrides)
    _stock(container)
    _open_raffle(container)
    _register(container)
    yield container
    container.close()


def _stock(container: Container) -> None:
    container.commerce.inventory.put(
        [
            product(1, id="prd_owl", name="Night Owl Gummies", price=Money(28_00)),
            product(2, id="prd_bear", name="Deep Bear Gummies", price=Money(54_50)),
            product(3, id="prd_day", name="Daybreak Mints", price=Money(19_99), effects=(Effect.FOCUS,)),
        ]
    )


def _open_raffle(container: Container) -> None:
    now = container.infrastructure.clock()
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
    with container.infrastructure.ledger.transaction() as connection:
        raffle_store.add(connection, spring, created_at=now)


def _register(container: Container) -> None:
    container.commerce.customers.service.register(
        NewCustomer("Ana Alvarez", "ana@example.com", state="TX"), customer_id=ANA
    )
    container.commerce.customers.service.register(
        NewCustomer("Ben Brown", "ben@example.com", state="TX"), customer_id=BEN
    )
    container.commerce.age.service.verify(ANA, ADULT)
    container.commerce.payments.service.cards.add(ANA, nonce="tok_approve")
