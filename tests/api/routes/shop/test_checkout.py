"""The cart, checkout and orders over HTTP."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from foundation.auth import Principal, Role, StaffRole
from tests.api.conftest import Headers, usd

OWLS: dict[str, Any] = {"items": [{"productId": "prd_owl", "quantity": 2}], "state": "TX"}

pytestmark = pytest.mark.slow


def buy(client: TestClient, headers: Headers, *, key: str = "key-0001", **changed: Any) -> Any:  # noqa: ANN401
    return client.post("/api/checkout", json=OWLS | changed, headers=headers | {"Idempotency-Key": key})


@pytest.fixture
def desk(container: Container) -> dict[StaffRole, Headers]:
    staff = {each: Principal(f"stf_{each}", Role.STAFF, staff_role=each) for each in StaffRole}
    return {
        each: {"Authorization": f"Bearer {container.infrastructure.tokens.issue(who)}"}
        for each, who in staff.items()
    }


class TestCart:
    def test_cart_is_filled_changed_and_emptied(self, client: TestClient, guest: Headers) -> None:
        client.post("/api/cart/items", json={"productId": "prd_owl", "quantity": 2}, headers=guest)
        client.put("/api/cart/items/prd_owl", json={"quantity": 3}, headers=guest)

        shown = client.get("/api/cart", headers=guest).json()["data"]
        left = client.delete("/api/cart/items/prd_owl", headers=guest).json()["data"]

        assert (shown["subtotal"], shown["lines"][0]["priceChanged"]) == (usd("84.00"), False)
        assert left == {"lines": [], "subtotal": usd("0.00")}

    @pytest.mark.parametrize("quantity", [0, 21, 1.5, "2", None])
    def test_quantity_that_is_none_names_its_field(
        self, client: TestClient, guest: Headers, quantity: object
    ) -> None:
        wish = {"productId": "prd_owl", "quantity": quantity}

        answer = client.post("/api/cart/items", json=wish, headers=guest)

        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "quantity")


class TestCheckout:
    def test_order_is_charged_once_and_kept(self, client: TestClient, ana: Headers) -> None:
        quoted = client.post("/api/checkout/quote", json=OWLS, headers=ana).json()["data"]

        answers = [buy(client, ana), buy(client, ana)]

        orders = client.get("/api/orders", headers=ana).json()["data"]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert [order["id"] for order in orders] == [answers[0].json()["data"]["id"]]
        assert (quoted["total"], quoted["tax"]) == (usd("59.50"), usd("3.50"))
        assert orders[0]["total"] == usd("59.50")

    def test_cart_is_bought_when_no_items_are_named(self, client: TestClient, ana: Headers) -> None:
        client.post("/api/cart/items", json={"productId": "prd_day", "quantity": 1}, headers=ana)

        order = buy(client, ana, items=[]).json()["data"]

        assert [line["name"] for line in order["lines"]] == ["Daybreak Mints"]

    @pytest.mark.parametrize(
        ("changed", "status", "code"),
        [
            ({"expectedTotal": usd("56.00")}, 409, "CONFLICT"),
            ({"state": "ZZ"}, 400, "INVALID_INPUT"),
            ({"items": [{"productId": "prd_none", "quantity": 1}]}, 404, "NOT_FOUND"),
            ({"items": [{"productId": "prd_owl", "quantity": 13}]}, 409, "CONFLICT"),
            ({"items": []}, 409, "CONFLICT"),
        ],
    )
    def test_refusal_has_its_code(
        self, client: TestClient, ana: Headers, changed: dict[str, Any], status: int, code: str
    ) -> None:
        answer = buy(client, ana, **changed)

        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_key_and_proof_of_age_are_required(self, client: TestClient, ana: Headers, ben: Headers) -> None:
        assert client.post("/api/checkout", json=OWLS, headers=ana).status_code == 400
        assert buy(client, ben).json()["code"] == "FORBIDDEN"


class TestOrders:
    def test_customer_sees_only_their_own(
        self, client: TestClient, ana: Headers, ben: Headers, guest: Headers, staff: Headers
    ) -> None:
        order_id = buy(client, ana).json()["data"]["id"]

        seen = [client.get(f"/api/orders/{order_id}", headers=who).status_code for who in (ana, ben, staff)]

        assert seen == [200, 404, 200]
        assert client.get("/api/orders", headers=ben).json()["data"] == []
        assert client.get("/api/orders", headers=guest).status_code == 403
        assert len(client.get("/api/orders?status=paid", headers=staff).json()["data"]) == 1

    def test_orders_are_paged_from_the_latest_on(
        self, client: TestClient, ana: Headers, staff: Headers
    ) -> None:
        placed = [buy(client, ana, key=f"key-000{number}").json()["data"]["id"] for number in range(3)]

        for who in (ana, staff):
            first = client.get("/api/orders?limit=2", headers=who).json()
            rest = client.get(f"/api/orders?limit=2&cursor={first['nextCursor']}", headers=who).json()
            assert sorted(each["id"] for each in first["data"] + rest["data"]) == sorted(placed)
            assert (len(first["data"]), rest["nextCursor"]) == (2, None)

    @pytest.mark.parametrize("cursor", ["x", "WyJwYXltZW50cyIsMSwicGF5XzEiXQ", "%00", "a" * 401])
    def test_bad_cursor_is_refused_in_words(self, client: TestClient, ana: Headers, cursor: str) -> None:
        answer = client.get(f"/api/orders?cursor={cursor}", headers=ana)

        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "cursor")

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "many"])
    def test_limit_is_bounded(self, client: TestClient, ana: Headers, limit: str) -> None:
        answer = client.get(f"/api/orders?limit={limit}", headers=ana)

        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "limit")

    def test_only_who_may_refund_cancels(
        self, client: TestClient, ana: Headers, desk: dict[StaffRole, Headers]
    ) -> None:
        order_id = buy(client, ana).json()["data"]["id"]
        why = {"reason": "ordered twice"}

        refused = [
            client.post(f"/api/orders/{order_id}/cancel", json=why, headers=who).status_code
            for who in (ana, desk[StaffRole.SUPPORT])
        ]
        done = client.post(f"/api/orders/{order_id}/cancel", json=why, headers=desk[StaffRole.MANAGER])

        assert (refused, done.json()["data"]["status"]) == ([403, 403], "cancelled")
        assert client.get("/api/products/prd_owl", headers=ana).json()["data"]["inventory"] == 12

    def test_held_order_is_decided_by_compliance(
        self, client: TestClient, container: Container, ana: Headers, desk: dict[StaffRole, Headers]
    ) -> None:
        container.commerce.payments.service.cards.add("cus_ana", nonce="tok_hold")
        order = buy(client, ana).json()["data"]
        verdict = {"accept": True}

        refused = client.post(
            f"/api/orders/{order['id']}/review", json=verdict, headers=desk[StaffRole.MANAGER]
        )
        decided = client.post(
            f"/api/orders/{order['id']}/review", json=verdict, headers=desk[StaffRole.COMPLIANCE]
        )

        assert (order["status"], refused.status_code) == ("review", 403)
        assert decided.json()["data"]["status"] == "paid"
