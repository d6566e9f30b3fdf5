from starlette.testclient import TestClient

from api.containers.container import Container
from commerce.memberships.models import Tier
from tests.api.conftest import ANA, BEN, Headers


def test_staff_see_on_one_sheet_how_a_customer_stands(
    client: TestClient, container: Container, ana: Headers, staff: Headers
) -> None:
    container.commerce.memberships.service.subscribe(ANA, tier=Tier.GOLD, key="k1")
    client.post("/api/cart/items", json={"productId": "prd_day", "quantity": 1}, headers=ana)
    bought = client.post("/api/checkout", json={}, headers={**ana, "Idempotency-Key": "an-order-1"})

    sheet = client.get(f"/api/customers/{ANA}/overview", headers=staff).json()["data"]
    other = client.get(f"/api/customers/{BEN}/overview", headers=staff).json()["data"]

    assert sheet["customer"]["name"] == "Ana Alvarez"
    assert (sheet["age"]["verified"], sheet["membership"]["membership"]["tier"]) == (True, "GOLD")
    assert [each["id"] for each in sheet["orders"]] == [bought.json()["data"]["id"]]
    assert (other["age"]["verified"], other["membership"]["membership"], other["orders"]) == (False, None, [])


def test_nobody_has_no_sheet(client: TestClient, staff: Headers) -> None:
    assert client.get("/api/customers/cus_nobody/overview", headers=staff).status_code == 404
