import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from tests.api.conftest import Headers


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


def found(client: TestClient, headers: Headers, **wanted: str) -> list[str]:
    answer = client.get("/api/products", params=wanted, headers=headers)
    return [product["id"] for product in answer.json()["data"]]


def test_search_narrows_by_effect_and_price(client: TestClient, guest: Headers) -> None:
    assert found(client, guest, effect="sleep", max_price="40") == ["prd_owl"]


def test_search_by_words_puts_the_match_first(client: TestClient, guest: Headers) -> None:
    assert found(client, guest, words="daybreak mints")[0] == "prd_day"


def test_search_sorts_by_price(client: TestClient, guest: Headers) -> None:
    assert found(client, guest, sort="price_high") == ["prd_bear", "prd_owl", "prd_day"]


def test_nothing_found_is_an_empty_list(client: TestClient, guest: Headers) -> None:
    assert found(client, guest, max_price="1.00") == []


def test_price_is_dollars_as_a_number(client: TestClient, guest: Headers) -> None:
    product = client.get("/api/products/prd_bear", headers=guest).json()["data"]

    assert product["price"] == 54.5
    assert (product["currency"], product["available"], product["inventory"]) == ("USD", True, 12)


def test_unknown_product_is_not_found(client: TestClient, guest: Headers) -> None:
    answer = client.get("/api/products/prd_none", headers=guest)

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("effect", "happiness"),
        ("max_price", "12.345"),
        ("max_price", "-1"),
        ("max_price", "NaN"),
        ("limit", "0"),
        ("words", "nul\x00byte"),
        ("colour", "green"),
    ],
)
def test_bad_condition_names_its_field(client: TestClient, guest: Headers, field: str, value: str) -> None:
    answer = client.get("/api/products", params={field: value}, headers=guest)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_INPUT")
    assert [each["field"] for each in answer.json()["details"]] == [field]


def test_id_that_cannot_be_is_refused_before_the_ledger(client: TestClient, guest: Headers) -> None:
    answer = client.get("/api/products/prd%00owl", headers=guest)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "product_id"
