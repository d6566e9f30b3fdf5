import json
from collections.abc import Iterator

import anyio.to_thread
import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from api.containers.container import Container, build_container
from api.containers.overrides import Overrides
from tests.api.conftest import Headers, artifacts

VERIFY = "/api/age-verification/verify"
FORM = {"fullName": "Ben Brown", "dateOfBirth": "1990-05-01", "state": "TX", "idNumberLast4": "4321"}


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


def test_unknown_path_is_in_the_envelope(client: TestClient) -> None:
    answer = client.get("/api/nothing/here")

    assert answer.status_code == 404
    assert answer.json()["success"] is False
    assert answer.json()["code"] == "NOT_FOUND"


@pytest.mark.slow
def test_unknown_method_names_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/api/products")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["code"] == "INVALID_INPUT"


@pytest.mark.parametrize(
    ("body", "content_type", "field"),
    [
        (b'{"fullName": ', "application/json", "body"),
        (b'{"fullName": "\xff\xfe"}', "application/json", "body"),
        (json.dumps({**FORM, "fullName": "Ben \ud800"}).encode(), "application/json", "fullName"),
        (json.dumps({**FORM, "\ud800": 1}).encode(), "application/json", "body"),
        (json.dumps({**FORM, "x" * 5000: 1}).encode(), "application/json", "x" * 80),
        (b"[]", "application/json", "body"),
        (b"", "application/json", "body"),
        (b"{}", "text/plain", "Content-Type"),
        (b"fullName=Ben", "application/x-www-form-urlencoded", "Content-Type"),
        (b"[" * 100_000, "application/json", "body"),
        (b"x" * 1_000_000, "application/json", "body"),
    ],
)
def test_unreadable_body_is_refused_by_name(
    client: TestClient, ben: Headers, body: bytes, content_type: str, field: str
) -> None:
    answer = client.post(VERIFY, content=body, headers={**ben, "Content-Type": content_type})

    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_INPUT"
    assert answer.json()["details"][0]["field"] == field


def test_file_that_is_only_read_says_so(client: TestClient) -> None:
    answer = client.post("/static/icon.svg")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["code"] == "INVALID_INPUT"


def rename(container: Container, table: str, name: str) -> None:
    with container.infrastructure.ledger.transaction() as tx:
        tx.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


def test_ledger_away_is_a_database_error(client: TestClient, container: Container, guest: Headers) -> None:
    rename(container, "products", "moved")

    with capture_logs() as lines:
        answer = client.get("/api/products", headers=guest)

    rename(container, "moved", "products")
    assert (answer.status_code, answer.json()["code"]) == (500, "DATABASE_ERROR")
    assert "products" not in answer.text
    assert "request_failed" in [line["event"] for line in lines]


def test_every_answer_is_guarded(client: TestClient) -> None:
    headers = client.get("/api/nothing").headers

    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


def test_foreign_origin_gets_no_permission(client: TestClient) -> None:
    answer = client.get("/api/products", headers={"Origin": "https://elsewhere.example"})

    assert "access-control-allow-origin" not in answer.headers


class TestCors:
    @pytest.fixture
    def client(self, container: Container) -> Iterator[TestClient]:
        api = container.infrastructure.settings.api.model_copy(
            update={"cors_origins": ("https://shop.example",)}
        )
        settings = container.infrastructure.settings.model_copy(update={"api": api})
        with TestClient(create_app(build_container(settings, Overrides(artifacts=artifacts())))) as client:
            yield client

    def preflight(self, client: TestClient, origin: str) -> tuple[int, str | None]:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
        }
        answer = client.options("/api/memberships/subscribe", headers=headers)
        return answer.status_code, answer.headers.get("access-control-allow-origin")

    def test_own_site_may_ask(self, client: TestClient) -> None:
        assert self.preflight(client, "https://shop.example") == (200, "https://shop.example")

    def test_another_site_may_not(self, client: TestClient) -> None:
        assert self.preflight(client, "https://elsewhere.example") == (400, None)


async def threads() -> float:
    return anyio.to_thread.current_default_thread_limiter().total_tokens


def test_routes_take_half_of_the_connections_in_threads(client: TestClient, container: Container) -> None:
    assert client.portal is not None

    assert client.portal.call(threads) == container.infrastructure.settings.ledger.pool_size // 2
