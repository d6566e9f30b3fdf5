from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from api.entrypoints.worker import handlers
from api.jobs import FORETELL
from foundation.outbox import Relay
from memory.facts.models import Assertion
from memory.predictions import purchases
from memory.predictions.purchases import Purchase
from tests.api.conftest import ANA, Headers
from tests.fakes import FakeClock


def test_nothing_is_said_of_whom_nothing_is_known(client: TestClient, ana: Headers) -> None:
    answer = client.post(f"/api/memory/predict/{ANA}", headers=ana)

    assert (answer.status_code, answer.json()["data"]) == (200, None)


@pytest.mark.parametrize("path", ["/api/memory/predictions/cus_ana", "/api/memory/accuracy"])
def test_others_see_nothing(client: TestClient, ben: Headers, path: str) -> None:
    assert client.get(path, headers=ben).status_code == 403
    assert client.post(f"/api/memory/predict/{ANA}", headers=ben).status_code == 403


def test_order_counts_until_it_is_given_back(client: TestClient, ana: Headers, container: Container) -> None:
    order = {"items": [{"productId": "prd_owl", "quantity": 1}], "state": "TX"}
    bought = client.post("/api/checkout", json=order, headers={**ana, "Idempotency-Key": "order-of-ana"})
    _hear(container)
    known = _purchases(container)
    container.commerce.checkout.service.cancel(bought.json()["data"]["id"], reason="it came late")
    _hear(container)

    assert (known, _purchases(container)) == (1, 0)


def test_what_a_customer_is_allergic_to_is_never_recommended(container: Container) -> None:
    before = container.memory.predictions.catalog.offered_to(ANA)
    flavours = {each.id: set(each.flavours) for each in container.commerce.inventory.products()}

    container.memory.facts.store.record(ANA, [Assertion("allergic to", "Berry")], source=None)
    container.memory.facts.store.record(
        ANA, [Assertion("allergic to", "mint", subject="mother")], source=None
    )

    assert any("berry" in flavours[each] for each in before)
    assert container.memory.predictions.catalog.offered_to(ANA) == {
        each for each in before if "berry" not in flavours[each]
    }


@pytest.mark.slow
def test_customers_are_foretold_at_night_and_shown(
    client: TestClient, ana: Headers, container: Container, clock: FakeClock, staff: Headers
) -> None:
    _fill(container, clock)
    job = container.infrastructure.jobs.submit(FORETELL, {"day": "2026-03-01"})
    told: list[object] = []

    result = handlers(container)[FORETELL](job, told.append)

    shown = client.post(f"/api/memory/predict/{ANA}", headers=ana).json()["data"]
    assert result is not None
    assert result["forecast"] >= 1
    assert told
    assert 0 <= shown["churnRisk"] <= 1
    assert shown["nextPurchase"]["notBefore"] <= shown["nextPurchase"]["notAfter"]
    assert [each["productId"] for each in shown["buyAgain"]][:1] == ["prd_owl"]
    kinds = {
        each["kind"] for each in client.get(f"/api/memory/predictions/{ANA}", headers=ana).json()["data"]
    }
    assert {"churn", "next_purchase", "value"} <= kinds
    assert client.get("/api/memory/accuracy", headers=staff).status_code == 200


def _hear(container: Container) -> None:
    relay: Relay = container.relay
    while relay.deliver("predictions"):
        pass


def _purchases(container: Container) -> int:
    with container.infrastructure.ledger.transaction() as connection:
        return len(
            purchases.since(connection, [ANA], at=container.infrastructure.clock() - timedelta(days=1))
        )


def _fill(container: Container, clock: FakeClock) -> None:
    """Two years of a shop with sixty customers, some of whom have left."""
    start = clock() - timedelta(days=700)
    for customer in range(60):
        who = ANA if customer == 0 else f"cus_{customer}"
        stride = 12 + customer % 25
        last = 700 if customer % 3 else 350
        for number, day in enumerate(range(customer % 90, last, stride)):
            at = start + timedelta(days=day)
            container.memory.predictions.service.remember(
                Purchase(
                    order_id=f"ord_{customer}_{number}",
                    customer_id=who,
                    at=at,
                    day=container.infrastructure.calendar.day(at),
                    amount_cents=2_800,
                    products=("prd_owl",) if number % 3 else ("prd_owl", "prd_day"),
                )
            )
