from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import anyio.to_thread
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from api.middleware.body import BodyLimit
from api.middleware.failures import Failures
from api.middleware.idempotency import Idempotency
from foundation.auth import Principal, Role
from foundation.crypto import LookupDigest
from foundation.idempotency import LAPSES_AFTER, Fresh, IdempotencyKeys
from foundation.sql import Ledger
from tests.fakes import FakeClock

KEY = {"Idempotency-Key": "the-one-and-only"}
Answering = Callable[[bytes], Response]


class Counter:
    """Answers with how often it was asked."""

    def __init__(self, answer: Answering | None = None) -> None:
        self.asked = 0
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        self.asked += 1
        response = self._answer(body) if self._answer else JSONResponse({"asked": self.asked}, 201)
        await response(scope, receive, send)


Ask = Callable[..., TestClient]


@pytest.fixture
def asking(ledger: Ledger, clock: FakeClock) -> Ask:
    """`asking(app, as_="cus_ben")` is a client of the app behind the middleware."""
    keys, digests = IdempotencyKeys(ledger, now=clock), LookupDigest(bytes(32))

    def client(app: ASGIApp, *, as_: str | None = "cus_ana") -> TestClient:
        caller = None if as_ is None else Principal(as_, Role.CUSTOMER)
        guarded = Failures(BodyLimit(Idempotency(app, keys=keys, digests=digests), limit_bytes=4096))

        async def identified(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = {"caller": caller}
            await guarded(scope, receive, send)

        return TestClient(identified)

    return client


def test_repeated_request_gets_the_first_answer(asking: Ask) -> None:
    counter = Counter()
    client = asking(counter)

    first, second = (client.post("/x", json={"n": 1}, headers=KEY) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"
    assert counter.asked == 1


@pytest.mark.parametrize(("path", "body"), [("/x", b"other"), ("/y", b"same"), ("/x?a=1", b"same")])
def test_key_with_another_request_is_a_conflict(asking: Ask, path: str, body: bytes) -> None:
    counter = Counter()
    client = asking(counter)
    client.post("/x", content=b"same", headers=KEY)

    answer = client.post(path, content=body, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert counter.asked == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"])
def test_key_means_nothing_with_a_method_that_changes_nothing(asking: Ask, method: str) -> None:
    client = asking(Counter())
    client.post("/orders", headers=KEY)

    assert client.request(method, "/orders", headers=KEY).status_code == 201


def test_two_customers_may_choose_the_same_key(asking: Ask) -> None:
    counter = Counter()

    for customer in ("cus_ana", "cus_ben"):
        asking(counter, as_=customer).post("/x", headers=KEY)

    assert counter.asked == 2


def test_refusal_is_repeated_too(asking: Ask) -> None:
    counter = Counter(lambda _: JSONResponse({"code": "PAYMENT_DECLINED"}, 402))
    client = asking(counter)

    statuses = [client.post("/x", headers=KEY).status_code for _ in range(2)]

    assert statuses == [402, 402]
    assert counter.asked == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_go_better_is_tried_again(asking: Ask, status: int) -> None:
    counter = Counter(lambda _: JSONResponse({}, status))
    client = asking(counter)

    for _ in range(2):
        client.post("/x", headers=KEY)

    assert counter.asked == 2


def test_bug_frees_the_key(asking: Ask) -> None:
    def fail(_: bytes) -> Response:
        raise KeyError

    counter = Counter(fail)
    client = asking(counter)

    for _ in range(2):
        client.post("/x", headers=KEY)

    assert counter.asked == 2


def test_double_click_is_carried_out_once(asking: Ask) -> None:
    both = Barrier(2)
    counter = Counter()

    def click(_: int) -> int:
        client = asking(counter)
        both.wait()
        return client.post("/x", headers=KEY).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = set(pool.map(click, range(2)))

    assert statuses <= {201, 409}
    assert 201 in statuses
    assert counter.asked == 1


def test_long_request_keeps_its_claim(ledger: Ledger, clock: FakeClock) -> None:
    renewed = Event()

    class Keys(IdempotencyKeys):
        def renew(self, claim: Fresh) -> None:
            super().renew(claim)
            renewed.set()

    keys, digests, asked = Keys(ledger, now=clock), LookupDigest(bytes(32)), []

    async def takes_long(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"caller": Principal("cus_ana", Role.CUSTOMER)}
        await guarded(scope, receive, send)

    async def works(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        for _ in range(2):
            clock.advance(LAPSES_AFTER - timedelta(seconds=1))
            renewed.clear()
            await anyio.to_thread.run_sync(renewed.wait, 10)
        if len(asked) == 1:
            again = await anyio.to_thread.run_sync(lambda: TestClient(takes_long).post("/x", headers=KEY))
            await JSONResponse({"again": again.status_code})(scope, receive, send)

    guarded = Failures(
        BodyLimit(
            Idempotency(works, keys=keys, digests=digests, renewed_every=timedelta(milliseconds=5)),
            limit_bytes=4096,
        )
    )

    answer = TestClient(takes_long).post("/x", headers=KEY)

    assert answer.json() == {"again": 409}
    assert asked == ["/x"]


def test_event_stream_is_left_alone(asking: Ask) -> None:
    counter = Counter(lambda _: StreamingResponse(iter(["data: 1\n\n"]), media_type="text/event-stream"))
    client = asking(counter)

    answers = [client.post("/x", headers={**KEY, "Accept": "text/event-stream"}).text for _ in range(2)]

    assert answers == ["data: 1\n\n"] * 2
    assert counter.asked == 2


def test_answer_that_is_not_json_passes_and_is_not_kept(asking: Ask) -> None:
    counter = Counter(lambda _: StreamingResponse(iter(["one", "two"]), media_type="text/plain"))
    client = asking(counter)

    answers = [client.post("/x", headers=KEY).text for _ in range(2)]

    assert answers == ["onetwo"] * 2
    assert counter.asked == 2


def test_stranger_has_no_memory(asking: Ask) -> None:
    counter = Counter()
    client = asking(counter, as_=None)

    for _ in range(2):
        client.post("/x", headers=KEY)

    assert counter.asked == 2


def test_reading_needs_no_key_and_keeps_none(asking: Ask) -> None:
    counter = Counter()
    client = asking(counter)

    for _ in range(2):
        client.get("/x", headers=KEY)

    assert counter.asked == 2


@pytest.mark.parametrize("key", ["short", "x" * 129, "with space in it"])
def test_odd_key_is_refused(asking: Ask, key: str) -> None:
    counter = Counter()

    answer = asking(counter).post("/x", headers={"Idempotency-Key": key})

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "Idempotency-Key"
    assert counter.asked == 0


def test_body_reaches_the_route_whole(asking: Ask) -> None:
    counter = Counter(lambda body: JSONResponse({"length": len(body)}))

    answer = asking(counter).post("/x", content=b"x" * 3000, headers=KEY)

    assert answer.json() == {"length": 3000}
