from datetime import timedelta

from sqlalchemy import insert
from starlette.testclient import TestClient

from api.containers.container import Container
from commerce.checkout.models import OrderStatus
from commerce.checkout.store import orders
from foundation.auth import Role, StaffRole
from tests.api.conftest import ANA, STAFF, Headers, SignIn

REORDER = "/api/demand/reorder"


def test_what_sells_is_suggested_from_the_orders_that_were_paid(
    client: TestClient, container: Container, staff: Headers
) -> None:
    _order(container, "prd_owl", a_day=2, status=OrderStatus.PAID)
    _order(container, "prd_bear", a_day=9, status=OrderStatus.CANCELLED)

    container.commerce.demand.compute()
    first, *others = client.get(REORDER, headers=staff).json()["data"]

    assert (first["productId"], first["expected"], first["onHand"]) == ("prd_owl", 28.0, 12)
    assert first["toOrder"] == first["reorderPoint"] + 28 - 12
    assert {(each["expected"], each["toOrder"]) for each in others} == {(None, 0)}
    assert all(each["why"].startswith("No data") for each in others)


def test_before_the_first_night_nothing_is_suggested(client: TestClient, staff: Headers) -> None:
    assert client.get(REORDER, headers=staff).json()["data"] == []


def test_suggestions_are_for_managers(client: TestClient, sign_in: SignIn, ana: Headers) -> None:
    support = sign_in(STAFF, role=Role.STAFF, staff_role=StaffRole.SUPPORT)

    assert [client.get(REORDER, headers=each).status_code for each in (ana, support)] == [403, 403]


def _order(container: Container, product_id: str, *, a_day: int, status: OrderStatus) -> None:
    """One order a day for thirty weeks up to yesterday."""
    now = container.infrastructure.clock()
    rows = [
        {
            "id": f"ord_{product_id}_{day}",
            "key": f"{product_id}:{day}",
            "customer_id": ANA,
            "status": status,
            "state": "TX",
            "percent": 0,
            "lines": [{"product_id": product_id, "quantity": a_day, "sku": "X"}],
            "subtotal_cents": 100,
            "discount_cents": 0,
            "tax_cents": 0,
            "total_cents": 100,
            "currency": "USD",
            "card_last_four": "1111",
            "source": "web",
            "from_cart": False,
            "reasons": [],
            "created_at": now - timedelta(days=day),
            "updated_at": now,
        }
        for day in range(1, 211)
    ]
    with container.infrastructure.ledger.transaction() as connection:
        connection.execute(insert(orders), rows)
