import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api.middleware.failures import Failures
from api.middleware.request_id import RequestId
from foundation.errors import GatewayTimeout, PaymentDeclined, RateLimited, ShopError, Unavailable
from tests.api.conftest import Headers

INNARDS = "db-7.internal refused"


def ask(error: Exception, **headers: str) -> tuple[int, dict[str, object], dict[str, str]]:
    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    answer = TestClient(RequestId(Failures(failing))).get("/", headers=headers)
    return answer.status_code, answer.json(), dict(answer.headers)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (PaymentDeclined("The card was declined."), 402),
        (Unavailable("The shop is closed."), 503),
        (GatewayTimeout("The bank is silent."), 504),
    ],
)
def test_refusal_is_said_as_it_is(refusal: ShopError, status: int) -> None:
    got, body, _ = ask(refusal)

    assert got == status
    assert body["success"] is False
    assert body["error"] == str(refusal)
    assert body["code"] == refusal.code
    assert str(body["timestamp"]).endswith("Z")


def test_refusal_that_asks_to_wait_says_how_long() -> None:
    status, body, headers = ask(RateLimited("Too fast.", retry_after_seconds=17))

    assert status == 429
    assert headers["retry-after"] == "17"
    assert body["details"] == {"retryAfterSeconds": 17}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            OperationalError("SELECT secret", {"p": INNARDS}, psycopg.OperationalError(INNARDS)),
            "DATABASE_ERROR",
        ),
        (psycopg.OperationalError(INNARDS), "DATABASE_ERROR"),
        (KeyError(INNARDS), "INTERNAL_ERROR"),
    ],
)
def test_bug_leaks_nothing_and_is_logged(error: Exception, code: str) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        status, body, headers = ask(error)

    assert status == 500
    assert body["code"] == code
    assert INNARDS not in str(body)
    assert "SELECT" not in str(body)
    assert [(line["event"], line["request_id"]) for line in lines] == [
        ("request_failed", headers["x-request-id"])
    ]


def test_sane_request_id_is_kept() -> None:
    _, _, headers = ask(KeyError(), **{"X-Request-Id": "from-the-proxy-1"})

    assert headers["x-request-id"] == "from-the-proxy-1"


@pytest.mark.parametrize("given", ["short", "with spaces in it", "x" * 65, 'quote"inside'])
def test_odd_request_id_is_replaced(given: str) -> None:
    _, _, headers = ask(KeyError(), **{"X-Request-Id": given})

    assert headers["x-request-id"].startswith("req_")


def test_half_an_answer_is_cut_off() -> None:
    async def halfway(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("half")(scope, receive, send)
        raise KeyError

    with pytest.raises(KeyError):
        TestClient(Failures(halfway)).get("/")


@pytest.mark.slow
def test_address_names_all_its_methods(client: TestClient, ana: Headers) -> None:
    answer = client.request("PATCH", "/api/customers/me/addresses/adr_1", headers=ana)

    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, PUT")
