from datetime import timedelta
from pathlib import Path

import pytest
import redis
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from api.middleware.rate_limit import LocalLimiter, RateLimit
from foundation.auth import Principal, Role
from foundation.cache import RateLimiter, open_cache
from foundation.settings import CacheSettings

LIMIT = 3
ANA, BEN = Principal("cus_ana", Role.CUSTOMER), Principal("cus_ben", Role.CUSTOMER)


class Ticks:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def greet(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


def client(limiter: RateLimiter, *, caller: Principal | None = None, address: str = "10.0.0.1") -> TestClient:
    limited = RateLimit(greet, limiter=limiter, local=LocalLimiter(now=Ticks()), per_minute=LIMIT)
    return TestClient(as_caller(limited, caller), client=(address, 1))


def as_caller(app: ASGIApp, caller: Principal | None) -> ASGIApp:
    async def identified(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"caller": caller}
        await app(scope, receive, send)

    return identified


@pytest.fixture
def limiter(cache: redis.Redis) -> RateLimiter:
    return RateLimiter(cache)


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def local(ticks: Ticks) -> LocalLimiter:
    return LocalLimiter(now=ticks)


class TestLocalLimiter:
    def test_limit_is_reached(self, local: LocalLimiter) -> None:
        hits = [local.hit("a", limit=2, window=timedelta(minutes=1)) for _ in range(3)]

        assert [hit.allowed for hit in hits] == [True, True, False]
        assert [hit.remaining for hit in hits] == [1, 0, 0]

    def test_window_slides(self, local: LocalLimiter, ticks: Ticks) -> None:
        local.hit("a", limit=2, window=timedelta(minutes=1))
        ticks.now += 40
        local.hit("a", limit=2, window=timedelta(minutes=1))
        refused = local.hit("a", limit=2, window=timedelta(minutes=1))
        ticks.now += 20
        again = local.hit("a", limit=2, window=timedelta(minutes=1))

        assert (refused.allowed, refused.reset_seconds) == (False, 20)
        assert again.allowed

    def test_keys_do_not_disturb_each_other(self, local: LocalLimiter) -> None:
        local.hit("a", limit=1, window=timedelta(minutes=1))

        assert local.hit("b", limit=1, window=timedelta(minutes=1)).allowed

    def test_refused_hits_do_not_prolong_the_wait(self, local: LocalLimiter, ticks: Ticks) -> None:
        for _ in range(5):
            local.hit("a", limit=1, window=timedelta(minutes=1))
        ticks.now += 60

        assert local.hit("a", limit=1, window=timedelta(minutes=1)).allowed


def test_one_address_is_limited_whoever_asks(limiter: RateLimiter) -> None:
    by_ana, by_ben = client(limiter, caller=ANA), client(limiter, caller=BEN)

    statuses = [each.get("/api/me").status_code for each in (by_ana, by_ben, by_ana, by_ben)]

    assert statuses == [200, 200, 200, 429]


def test_one_principal_is_limited_wherever_they_ask(limiter: RateLimiter) -> None:
    places = [client(limiter, caller=ANA, address=f"10.0.0.{n}") for n in range(LIMIT + 1)]

    statuses = [each.get("/api/me").status_code for each in places]

    assert statuses == [200, 200, 200, 429]


def test_headers_count_down(limiter: RateLimiter) -> None:
    asking = client(limiter)

    answers = [asking.get("/api/me") for _ in range(LIMIT + 1)]

    assert [each.headers["x-ratelimit-remaining"] for each in answers] == ["2", "1", "0", "0"]
    assert {each.headers["x-ratelimit-limit"] for each in answers} == {"3"}
    assert 0 < int(answers[-1].headers["x-ratelimit-reset"]) <= 60
    assert answers[-1].headers["retry-after"] == answers[-1].headers["x-ratelimit-reset"]
    assert answers[-1].json()["code"] == "RATE_LIMITED"


def test_probes_and_pages_are_free(limiter: RateLimiter) -> None:
    asking = client(limiter)

    assert {asking.get("/health").status_code for _ in range(LIMIT * 2)} == {200}


def test_cache_away_is_no_outage_and_no_open_door(tmp_path: Path) -> None:
    nowhere = CacheSettings(REDIS_URL=f"unix://{tmp_path / 'no.sock'}")
    asking = client(RateLimiter(open_cache(nowhere)))

    statuses = [asking.get("/api/me").status_code for _ in range(LIMIT + 1)]

    assert statuses == [200, 200, 200, 429]
