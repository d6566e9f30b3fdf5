import pytest
from starlette.testclient import TestClient

from api.containers import House
from tests.api.conftest import ANA, Headers


@pytest.fixture(scope="module")
def house(lasting_house: House) -> House:
    return lasting_house


@pytest.mark.parametrize(
    "path",
    [
        f"/api/memberships/{ANA}",
        f"/api/memberships/discount/{ANA}?subtotal=10",
        f"/api/age-verification/status/{ANA}",
        f"/api/memory/profile/{ANA}",
        f"/api/memory/context/{ANA}",
        f"/api/customers/{ANA}/standing",
    ],
)
class TestSomeoneElses:
    def test_another_customer_is_refused(self, client: TestClient, ben: Headers, path: str) -> None:
        answer = client.get(path, headers=ben)

        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")

    def test_guest_is_refused(self, client: TestClient, guest: Headers, path: str) -> None:
        assert client.get(path, headers=guest).status_code == 403

    def test_staff_may_read(self, client: TestClient, staff: Headers, path: str) -> None:
        assert client.get(path, headers=staff).status_code == 200
