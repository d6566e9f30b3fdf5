"""An override reaches the service whoever builds it: the product, the shop of the tests, the demo."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from api.containers.container import build_container
from api.containers.demo import demo_services
from api.containers.overrides import CommerceOverrides, Overrides
from commerce.customers.models import NewCustomer
from commerce.customers.service import Customers
from commerce.payments.ports import CardGateway, StoredCard
from commerce.payments.service import Payments
from demo.generator.services import SetClock
from foundation.settings import Settings
from foundation.sql import Ledger
from tests.api.conftest import artifacts
from tests.crashes import RelayedGateway
from tests.fakes import FakeClock
from tests.shop import Shop

LONG_AGO = datetime(2024, 2, 3, tzinfo=UTC)
ANA = NewCustomer("Ana Alvarez", "ana@example.com", state="TX")


class NotingGateway(RelayedGateway):
    """Notes which cards it was asked to store."""

    def __init__(self, inner: CardGateway) -> None:
        super().__init__(inner)
        self.stored: list[str] = []

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        self.stored.append(nonce)
        return super().store_card(customer_id, nonce)


@dataclass
class Built:
    customers: Customers
    payments: Payments
    gateway: NotingGateway


Build = Callable[[Settings, Ledger], AbstractContextManager[Built]]


class Noting:
    """Puts a noting gateway over the usual one."""

    made: NotingGateway

    def __call__(self, usual: CardGateway) -> CardGateway:
        self.made = NotingGateway(usual)
        return self.made


@contextmanager
def product(settings: Settings, ledger: Ledger) -> Iterator[Built]:
    noting = Noting()
    overrides = Overrides(
        clock=FakeClock(LONG_AGO),
        ledger=ledger,
        artifacts=artifacts(),
        commerce=CommerceOverrides(gateway=noting),
    )
    with closing(build_container(settings, overrides)) as container:
        commerce = container.commerce
        yield Built(commerce.customers.service, commerce.payments.service, noting.made)


@contextmanager
def shop_of_tests(_: Settings, ledger: Ledger) -> Iterator[Built]:
    clock = FakeClock(LONG_AGO)
    gateway = NotingGateway(Shop(ledger, clock).sandbox)
    shop = Shop(ledger, clock, gateway)
    yield Built(shop.customers, shop.payments, gateway)


@contextmanager
def demo(settings: Settings, ledger: Ledger) -> Iterator[Built]:
    noting = Noting()
    overrides = Overrides(ledger=ledger, artifacts=artifacts(), commerce=CommerceOverrides(gateway=noting))
    with demo_services(settings, clock=SetClock(LONG_AGO), overrides=overrides) as services:
        yield Built(services.customers, services.payments, noting.made)


@pytest.mark.parametrize("build", [product, shop_of_tests, demo])
def test_clock_and_gateway(build: Build, live_settings: Settings, ledger: Ledger) -> None:
    with build(live_settings, ledger) as built:
        ana = built.customers.register(ANA)
        built.payments.cards.add(ana.id, nonce="tok_approve")

    assert ana.created_at == LONG_AGO
    assert built.gateway.stored == ["tok_approve"]
