"""Limits requests a minute by address and by principal."""

from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import timedelta
from math import ceil
from threading import Lock
from time import monotonic

import anyio.to_thread
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.address import address_of
from api.errors import translate
from foundation.auth import Principal
from foundation.cache import Allowance, CacheAway, RateLimiter
from foundation.errors import RateLimited
from foundation.resilience import Breaker, BreakerOpen

LIMIT_HEADER = "X-RateLimit-Limit"
REMAINING_HEADER = "X-RateLimit-Remaining"
RESET_HEADER = "X-RateLimit-Reset"
WINDOW = timedelta(minutes=1)
MOST_KEYS = 10_000
CACHE_COOLDOWN = timedelta(seconds=10)
"""For so long an unavailable cache is not asked again."""


class TooManyRequests(RateLimited):
    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Too many requests. Please try again in {seconds} seconds.", retry_after_seconds=seconds
        )


class LocalLimiter:
    """Counts in this process only, while the cache is unavailable."""

    def __init__(self, *, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._hits: OrderedDict[str, deque[float]] = OrderedDict()

    def hit(self, key: str, *, limit: int, window: timedelta) -> Allowance:
        now = self._now()
        with self._lock:
            hits = self._hits.setdefault(key, deque())
            self._hits.move_to_end(key)
            while len(self._hits) > MOST_KEYS:
                self._hits.popitem(last=False)
            while hits and hits[0] <= now - window.total_seconds():
                hits.popleft()
            allowed = len(hits) < limit
            if allowed:
                hits.append(now)
            resets = ceil(hits[0] + window.total_seconds() - now)
            return Allowance(remaining=limit - len(hits), reset_seconds=resets, allowed=allowed)


class RateLimit:
    """Counts requests to `/api/`; probes, pages and assets are not limited."""

    def __init__(self, app: ASGIApp, *, limiter: RateLimiter, local: LocalLimiter, per_minute: int) -> None:
        self._app = app
        self._limiter = limiter
        self._local = local
        self._limit = per_minute
        self._cache = Breaker("cache", on=CacheAway, failures=3, cooldown=CACHE_COOLDOWN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        tightest = await anyio.to_thread.run_sync(self._count, _who(scope))

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[LIMIT_HEADER] = str(self._limit)
                headers[REMAINING_HEADER] = str(tightest.remaining)
                headers[RESET_HEADER] = str(tightest.reset_seconds)
            await send(message)

        if tightest.allowed:
            await self._app(scope, receive, with_headers)
        else:
            refusal = translate(TooManyRequests(tightest.reset_seconds))
            await refusal(scope, receive, with_headers)

    def _count(self, who: list[str]) -> Allowance:
        """The tightest allowance."""
        try:
            with self._cache:
                allowances = [self._limiter.hit(key, limit=self._limit, window=WINDOW) for key in who]
        except (CacheAway, BreakerOpen):
            allowances = [self._local.hit(key, limit=self._limit, window=WINDOW) for key in who]
        return min(allowances, key=lambda each: (each.allowed, each.remaining))


def _who(scope: Scope) -> list[str]:
    principal = scope["state"].get("caller")
    keys = [f"address:{address_of(scope)}"]
    return [*keys, f"principal:{principal.id}"] if isinstance(principal, Principal) else keys
