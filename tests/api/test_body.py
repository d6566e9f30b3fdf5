from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.middleware.body import BodyLimit
from api.middleware.failures import Failures

LIMIT = 1024


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await Response(body)(scope, receive, send)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Failures(BodyLimit(echo, limit_bytes=LIMIT)))


def pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // 64):
        yield b"x" * 64


def test_body_at_the_limit_arrives_whole(client: TestClient) -> None:
    answer = client.post("/", content=b"x" * LIMIT)

    assert answer.content == b"x" * LIMIT


def test_body_over_the_limit_is_refused(client: TestClient) -> None:
    answer = client.post("/", content=b"x" * (LIMIT + 1))

    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_INPUT"
    assert answer.json()["details"] == [{"field": "body", "message": "at most 1 KiB"}]


def test_body_without_announced_length_is_counted(client: TestClient) -> None:
    answer = client.post("/", content=pieces(LIMIT + 64))

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "body"


def test_body_in_pieces_is_put_together(client: TestClient) -> None:
    answer = client.post("/", content=pieces(512))

    assert answer.content == b"x" * 512


async def lying(scope: Scope, receive: Receive, send: Send) -> None:
    """Forwards a request whose announced length is smaller than its body."""
    scope["headers"] = [(b"content-length", b"5")]
    await Failures(BodyLimit(echo, limit_bytes=LIMIT))(scope, receive, send)


def test_announced_length_is_not_believed() -> None:
    answer = TestClient(lying).post("/", content=b"x" * 5000)

    assert answer.status_code == 400
