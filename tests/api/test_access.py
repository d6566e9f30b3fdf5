import pytest
from starlette.testclient import TestClient
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api.containers.container import Container
from tests.api.conftest import ANA, Headers


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


def test_line_names_the_route_and_never_the_customer(client: TestClient, ana: Headers) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = client.get(f"/api/memory/context/{ANA}?message=my+secret+wish", headers=ana)

    [line] = [line for line in lines if line["event"] == "request"]
    assert (line["method"], line["status"], line["role"]) == ("GET", 200, "customer")
    assert line["route"] == "/api/memory/context/{customer_id}"
    assert line["request_id"] == answer.headers["x-request-id"]
    assert ANA not in str(line)
    assert "secret" not in str(line)


def test_path_that_is_nowhere_makes_no_label_of_its_own(client: TestClient) -> None:
    with capture_logs() as lines:
        client.get("/api/made/up/by/a/scanner")

    [line] = [line for line in lines if line["event"] == "request"]
    assert (line["route"], line["status"]) == ("unmatched", 404)
