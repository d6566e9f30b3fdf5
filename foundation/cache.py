"""Rate limits and event streams in Redis or Valkey: callers continue without it."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from foundation.clock import Clock, system_clock
from foundation.errors import Unavailable
from foundation.settings import CacheSettings

ANSWER_SECONDS = 2.0
LONGEST_BLOCK_MS = 15_000
DAY = timedelta(hours=24)
SLIDE = """
local key, now, window, limit = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
local count = redis.call('ZCARD', key)
local allowed = 0
if count < limit then
  redis.call('ZADD', key, now, now .. '-' .. count)
  redis.call('PEXPIRE', key, window)
  count = count + 1
  allowed = 1
end
local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
return {allowed, limit - count, tonumber(oldest[2]) + window - now}
"""


class CacheAway(Unavailable):
    def __init__(self) -> None:
        super().__init__("A part of the shop's service is resting; please try again in a minute.")


@contextmanager
def answering() -> Iterator[None]:
    """Errors that mean the cache does not answer become CacheAway."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, redis.OutOfMemoryError, TimeoutError) as error:
        raise CacheAway from error


def open_cache(settings: CacheSettings) -> redis.Redis:
    """Connects when first used, and reconnects after an outage; values are bytes, as RQ needs them."""
    return redis.Redis.from_url(
        settings.url,
        retry=Retry(NoBackoff(), 1),
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
    )


def open_async_cache(settings: CacheSettings) -> redis.asyncio.Redis:
    """For streams: text in and out, with a timeout long enough for a blocking read."""
    return redis.asyncio.Redis.from_url(
        settings.url,
        decode_responses=True,
        retry=AsyncRetry(NoBackoff(), 1),
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=LONGEST_BLOCK_MS / 1000 + ANSWER_SECONDS,
    )


@dataclass(frozen=True)
class Allowance:
    remaining: int
    reset_seconds: int
    """Until the oldest hit leaves the window."""
    allowed: bool


class RateLimiter:
    """So many hits within any window; a refused hit does not count."""

    def __init__(self, cache: redis.Redis, *, now: Clock = system_clock) -> None:
        self._slide = cache.register_script(SLIDE)
        self._now = now

    def hit(self, key: str, *, limit: int, window: timedelta) -> Allowance:
        """Raises CacheAway when the cache cannot count."""
        now_ms = int(self._now().timestamp() * 1000)
        window_ms = int(window.total_seconds() * 1000)
        with answering():
            allowed, remaining, reset_ms = self._slide(keys=[f"rate:{key}"], args=[now_ms, window_ms, limit])
        return Allowance(int(remaining), ceil(reset_ms / 1000), bool(allowed))


@dataclass(frozen=True)
class StreamEvent:
    id: str
    """`attempt-number`; grows within a stream."""
    kind: str
    payload: Mapping[str, Any]


class EventStream:
    """What happens in a turn, kept for a day and read by cursor, so that a dropped client resumes."""

    def __init__(self, cache: redis.asyncio.Redis) -> None:
        self._cache = cache

    async def append(self, turn_id: str, *events: StreamEvent) -> bool:
        """False when the stream has one of these or a later one: a newer attempt is at work.

        Raises:
            CacheAway: the events are not stored.
        """
        with answering():
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    pipeline = self._cache.pipeline(transaction=False)
                    for event in events:
                        pipeline.xadd(stream_key(turn_id), _fields(event), id=event.id)
                    pipeline.expire(stream_key(turn_id), DAY)
                    await pipeline.execute()
            except redis.ResponseError as error:
                if "equal or smaller" in str(error):
                    return False
                raise
        return True

    async def read(self, turn_id: str, *, after: str | None = None, block_ms: int = 0) -> list[StreamEvent]:
        """The events after the cursor, at once or as soon as there are any; none when `block_ms` is over.

        Raises:
            CacheAway: they were not stored.
        """
        block = min(block_ms, LONGEST_BLOCK_MS) or None
        with answering():
            streams: Any = await self._cache.xread({stream_key(turn_id): after or "0-0"}, block=block)
        return [_event(event_id, fields) for _, entries in streams for event_id, fields in entries]


def stream_key(turn_id: str) -> str:
    return f"turn:{turn_id}:events"


def _fields(event: StreamEvent) -> dict[Any, Any]:
    return {"kind": event.kind, "payload": json.dumps(event.payload, ensure_ascii=False)}


def _event(event_id: str, fields: Mapping[str, str]) -> StreamEvent:
    return StreamEvent(event_id, fields["kind"], json.loads(fields["payload"]))
