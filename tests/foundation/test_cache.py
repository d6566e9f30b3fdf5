import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
import redis

from foundation.cache import (
    CacheAway,
    EventStream,
    RateLimiter,
    StreamEvent,
    open_async_cache,
    open_cache,
)
from foundation.embedded import EmbeddedValkey
from foundation.settings import CacheSettings
from tests.fakes import FakeClock

T = TypeVar("T")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def limiter(cache: redis.Redis, clock: FakeClock) -> RateLimiter:
    return RateLimiter(cache, now=clock)


class TestRateLimiter:
    def test_limit_is_reached_and_counted_down(self, limiter: RateLimiter) -> None:
        hits = [limiter.hit("ana", limit=2, window=MINUTE) for _ in range(3)]

        assert [(hit.allowed, hit.remaining) for hit in hits] == [(True, 1), (True, 0), (False, 0)]

    def test_window_slides_with_the_oldest_hit(self, limiter: RateLimiter, clock: FakeClock) -> None:
        limiter.hit("ana", limit=2, window=MINUTE)
        clock.advance(timedelta(seconds=40))
        limiter.hit("ana", limit=2, window=MINUTE)
        refused = limiter.hit("ana", limit=2, window=MINUTE)
        clock.advance(timedelta(seconds=20))
        again = limiter.hit("ana", limit=2, window=MINUTE)
        refused_again = limiter.hit("ana", limit=2, window=MINUTE)

        assert (refused.allowed, refused.reset_seconds) == (False, 20)
        assert (again.allowed, refused_again.allowed, refused_again.reset_seconds) == (True, False, 40)

    def test_refused_hits_do_not_prolong_the_wait(self, limiter: RateLimiter, clock: FakeClock) -> None:
        for _ in range(50):
            limiter.hit("ana", limit=1, window=MINUTE)
            clock.advance(timedelta(seconds=1))
        clock.advance(timedelta(seconds=10))

        assert limiter.hit("ana", limit=1, window=MINUTE).allowed

    def test_keys_do_not_share(self, limiter: RateLimiter) -> None:
        limiter.hit("ana", limit=1, window=MINUTE)

        assert limiter.hit("ben", limit=1, window=MINUTE).allowed

    def test_count_is_not_kept_beyond_its_window(self, limiter: RateLimiter, cache: redis.Redis) -> None:
        limiter.hit("ana", limit=1, window=MINUTE)

        assert 0 < cache.pttl("rate:ana") <= 60_000

    def test_absent_cache_is_named(self, tmp_path: Path, clock: FakeClock) -> None:
        with open_cache(CacheSettings(REDIS_URL=f"unix://{tmp_path}/none.sock")) as nobody:
            limiter = RateLimiter(nobody, now=clock)

            with pytest.raises(CacheAway):
                limiter.hit("ana", limit=1, window=MINUTE)

    def test_cache_that_came_back_empty_counts_again(self, servers_folder: Path, clock: FakeClock) -> None:
        server = EmbeddedValkey(servers_folder / "back")
        with open_cache(CacheSettings(REDIS_URL=server.start())) as cache:
            limiter = RateLimiter(cache, now=clock)
            limiter.hit("ana", limit=1, window=MINUTE)
            server.stop()
            server.start()

            allowance = limiter.hit("ana", limit=1, window=MINUTE)

            server.stop()
        assert allowance.allowed


def with_stream(url: str, use: Callable[[EventStream], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_async_cache(CacheSettings(REDIS_URL=url)) as cache:
            return await use(EventStream(cache))

    return asyncio.run(run())


class TestEventStream:
    def test_reader_gets_what_came_after_its_cursor(self, cache_url: str) -> None:
        async def use(stream: EventStream) -> tuple[list[StreamEvent], list[StreamEvent]]:
            for number in range(1, 4):
                await stream.append("trn_1", StreamEvent(f"1-{number}", "token", {"text": "né"}))
            return await stream.read("trn_1"), await stream.read("trn_1", after="1-2")

        everything, rest = with_stream(cache_url, use)

        assert [event.id for event in everything] == ["1-1", "1-2", "1-3"]
        assert rest == [StreamEvent("1-3", "token", {"text": "né"})]

    def test_second_attempt_comes_after_the_first(self, cache_url: str) -> None:
        async def use(stream: EventStream) -> object:
            await stream.append("trn_1", StreamEvent("1-12", "token", {}))
            await stream.append("trn_1", StreamEvent("2-1", "restart", {}))
            return [event.id for event in await stream.read("trn_1")]

        assert with_stream(cache_url, use) == ["1-12", "2-1"]

    def test_event_of_an_overtaken_attempt_is_dropped(self, cache_url: str) -> None:
        async def use(stream: EventStream) -> object:
            await stream.append("trn_1", StreamEvent("2-1", "restart", {}))
            late = await stream.append("trn_1", StreamEvent("1-13", "token", {}))
            twice = await stream.append("trn_1", StreamEvent("2-1", "restart", {}))
            return late, twice, len(await stream.read("trn_1"))

        assert with_stream(cache_url, use) == (False, False, 1)

    def test_waiting_reader_is_woken(self, cache_url: str) -> None:
        async def use(stream: EventStream) -> object:
            reading = asyncio.create_task(stream.read("trn_1", block_ms=10_000))
            await asyncio.sleep(0)
            await stream.append("trn_1", StreamEvent("1-1", "done", {}))
            return [event.kind for event in await reading]

        assert with_stream(cache_url, use) == ["done"]

    def test_nothing_comes_when_the_wait_is_over(self, cache_url: str) -> None:
        assert with_stream(cache_url, lambda stream: stream.read("trn_1", block_ms=1)) == []

    def test_streams_are_kept_for_a_day(self, cache_url: str, cache: redis.Redis) -> None:
        with_stream(cache_url, lambda stream: stream.append("trn_1", StreamEvent("1-1", "done", {})))

        assert 86_000 < cache.ttl("turn:trn_1:events") <= 86_400

    def test_absent_cache_is_named(self, tmp_path: Path) -> None:
        url = f"unix://{tmp_path}/none.sock"

        with pytest.raises(CacheAway):
            with_stream(url, lambda stream: stream.read("trn_1"))
        with pytest.raises(CacheAway):
            with_stream(url, lambda stream: stream.append("trn_1", StreamEvent("1-1", "done", {})))

    def test_reader_is_told_when_the_cache_goes_away(self, servers_folder: Path) -> None:
        server = EmbeddedValkey(servers_folder / "going")

        async def use(stream: EventStream) -> object:
            await stream.append("trn_0", StreamEvent("1-1", "done", {}))
            reading = asyncio.create_task(stream.read("trn_1", block_ms=10_000))
            await asyncio.sleep(0)
            await asyncio.to_thread(server.stop)
            with pytest.raises(CacheAway):
                await reading
            return True

        assert with_stream(server.start(), use)
