from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from api.app import create_app
from api.containers.container import Container, build_container
from api.containers.overrides import Overrides
from commerce.customers.models import NewCustomer
from commerce.memberships.models import Tier
from commerce.payments.gateway_store import gateway_notifications
from commerce.payments.models import PaymentStatus
from demo.fakes.authorize_net import (
    HEADER,
    LOGIN_ID,
    SIGNATURE_KEY,
    TRANSACTION_KEY,
    FakeAuthorizeNet,
    Sent,
    notification,
)
from foundation.money import Money
from foundation.settings import PaymentSettings, Settings
from tests.api.conftest import artifacts
from tests.fakes import FakeClock
from tests.shop import ADULT

ADDRESS = "/api/webhooks/authorize-net"


@pytest.fixture
def fake(clock: FakeClock) -> FakeAuthorizeNet:
    return FakeAuthorizeNet(now=clock)


@pytest.fixture
def container(live_settings: Settings, fake: FakeAuthorizeNet, clock: FakeClock) -> Iterator[Container]:
    """One whose card gateway is the fake one."""
    with fake.serving() as address:
        given = {
            "AUTHORIZE_NET_LOGIN_ID": LOGIN_ID,
            "AUTHORIZE_NET_TRANSACTION_KEY": TRANSACTION_KEY,
            "AUTHORIZE_NET_SIGNATURE_KEY": SIGNATURE_KEY,
            "AUTHORIZE_NET_URL": address,
        }
        gateway = PaymentSettings.model_validate(given)
        container = build_container(
            live_settings.model_copy(update={"payments": gateway}),
            Overrides(clock=clock, artifacts=artifacts()),
        )
        yield container
        container.close()


def post(client: TestClient, sent: Sent) -> int:
    return client.post(ADDRESS, content=sent.body, headers={HEADER: sent.signature}).status_code


def stored(container: Container) -> int:
    with container.infrastructure.ledger.transaction() as connection:
        return int(connection.execute(select(func.count()).select_from(gateway_notifications)).scalar_one())


def test_signed_notification_is_stored_once_and_answered(client: TestClient, container: Container) -> None:
    sent = notification(
        "net.authorize.payment.void.created", "60001", at=container.infrastructure.clock(), key=SIGNATURE_KEY
    )

    answers = [post(client, sent), post(client, sent)]

    assert answers == [200, 200]
    assert stored(container) == 1


def test_forged_notification_is_refused_before_it_is_read(client: TestClient, container: Container) -> None:
    sent = notification(
        "net.authorize.payment.void.created", "60001", at=container.infrastructure.clock(), key="another key"
    )
    no_json = Sent(b"{", sent.signature)

    assert [post(client, sent), post(client, no_json)] == [401, 401]
    assert stored(container) == 0


def test_shop_of_the_sandbox_takes_no_notifications(live_settings: Settings, clock: FakeClock) -> None:
    sent = notification("net.authorize.payment.void.created", "60001", at=clock(), key=SIGNATURE_KEY)
    container = build_container(live_settings, Overrides(clock=clock, artifacts=artifacts()))
    with TestClient(create_app(container)) as client:
        assert post(client, sent) == 404


def test_month_charged_by_the_gateway_renews_the_membership_once_whatever_order_news_come_in(
    client: TestClient, container: Container, fake: FakeAuthorizeNet, clock: FakeClock
) -> None:
    container.commerce.customers.service.register(
        NewCustomer("Ana Alvarez", "ana@example.com", state="TX"), customer_id="cus_ana"
    )
    container.commerce.age.service.verify("cus_ana", ADULT)
    container.commerce.payments.service.cards.add("cus_ana", nonce="approve.1")
    before = container.commerce.memberships.service.subscribe("cus_ana", tier=Tier.BRONZE, key="m1")
    while container.relay.deliver("billing"):
        pass
    clock.advance(timedelta(days=31))
    fake.bill()
    news = list(fake.sent)

    for sent in [*reversed(news), *news]:
        post(client, sent)
    container.commerce.payments.inbox.read()
    container.commerce.payments.inbox.look_for_lost()

    entitled = container.commerce.memberships.service.entitlements("cus_ana")
    payments = container.commerce.payments.service.charges.of_customer("cus_ana")
    assert len(payments) == 2
    assert fake.records.taken() == Decimal(94)
    assert all(payment.is_delivered for payment in payments)
    assert (entitled.tier, before.period) == (Tier.BRONZE, 1)


def test_charge_cut_off_after_it_was_made_is_found_and_made_once(
    container: Container, fake: FakeAuthorizeNet
) -> None:
    container.commerce.customers.service.register(
        NewCustomer("Ana Alvarez", "ana@example.com", state="TX"), customer_id="cus_ana"
    )
    container.commerce.payments.service.cards.add("cus_ana", nonce="approve.1")
    fake.fail("createTransactionRequest", "lost_after")

    payment = container.commerce.payments.service.charges.charge(
        "cus_ana", amount=Money(5_00), description="tickets", key="k1"
    )

    assert payment.status is PaymentStatus.APPROVED
    assert fake.records.taken() == Decimal(5)
