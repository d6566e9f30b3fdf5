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
    assert found(client, guest, effect="sleep", maxPrice="40") == ["prd_owl"]


def test_search_by_words_puts_the_match_first(client: TestClient, guest: Headers) -> None:
    assert found(client, guest, words="daybreak mints")[0] == "prd_day"


def test_search_sorts_by_price(client: TestClient, guest: Headers) -> None:
    assert found(client, guest, sort="price_high") == ["prd_bear", "prd_owl", "prd_day"]


def test_nothing_found_is_an_empty_list(client: TestClient, guest: Headers) -> None:
    assert found(client, guest, maxPrice="1.00") == []


def test_price_is_an_exact_amount_with_its_currency(client: TestClient, guest: Headers) -> None:
    product = client.get("/api/products/prd_bear", headers=guest).json()["data"]

    assert product["price"] == {"amount": "54.50", "currency": "USD"}
    assert (product["available"], product["inventory"]) == (True, 12)


def test_unknown_product_is_not_found(client: TestClient, guest: Headers) -> None:
    answer = client.get("/api/products/prd_none", headers=guest)

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("effect", "happiness"),
        ("maxPrice", "12.345"),
        ("maxPrice", "-1"),
        ("maxPrice", "NaN"),
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
    assert answer.json()["details"][0]["field"] == "productId"


def test_list_by_price_is_paged(client: TestClient, guest: Headers) -> None:
    wanted = {"sort": "price_low", "limit": "2"}

    first = client.get("/api/products", params=wanted, headers=guest).json()
    rest = client.get("/api/products", params=wanted | {"cursor": first["nextCursor"]}, headers=guest).json()

    assert [each["id"] for each in first["data"] + rest["data"]] == ["prd_day", "prd_owl", "prd_bear"]
    assert rest["nextCursor"] is None


def test_ranking_has_one_page(client: TestClient, guest: Headers) -> None:
    by_price = client.get("/api/products", params={"sort": "price_low", "limit": "1"}, headers=guest).json()

    ranked = client.get("/api/products", params={"cursor": by_price["nextCursor"]}, headers=guest)

    assert (ranked.status_code, ranked.json()["details"][0]["field"]) == (400, "cursor")
    assert "one page" in ranked.json()["error"]
