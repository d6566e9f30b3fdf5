"""Build the FastAPI app: routers, middleware, lifespan."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api import errors
from api.containers.container import Container
from api.containers.infrastructure import Infrastructure
from api.middleware.access import AccessLog
from api.middleware.body import BodyLimit
from api.middleware.failures import Failures
from api.middleware.headers import SecurityHeaders
from api.middleware.idempotency import KEY_HEADER, REPLAYED, Idempotency
from api.middleware.identity import Identity
from api.middleware.rate_limit import (
    LIMIT_HEADER,
    REMAINING_HEADER,
    RESET_HEADER,
    LocalLimiter,
    RateLimit,
)
from api.middleware.request_id import HEADER as REQUEST_ID
from api.middleware.request_id import RequestId
from api.openapi.document import complete
from api.openapi.tags import TAGS
from api.routes.account import age, auth, customers
from api.routes.chat import chat, reasoning
from api.routes.memory import context, erasure, facts, knowledge, memory, predictions, recording
from api.routes.shop import catalog, checkout, memberships, orders, payments, raffles, search
from api.routes.staff import admin, demand, fraud, handoffs, notices, overview, staff
from api.routes.system import health, pages, reference
from api.routes.webhooks import webhooks
from foundation.cache import RateLimiter

TITLE = "LivHana"
SUMMARY = "Shop of a regulated retailer (21+): catalogue, memberships, raffles, and an agent over them."
DESCRIPTION = """\
**Conventions.** Names are camelCase. Money is `{"amount": "12.00", "currency": "USD"}`; in a query string it
is a decimal number of US dollars. Times are ISO 8601 in UTC. Unknown properties and unknown query parameters
are refused with 400.

**Responses.** `{"success": true, "data": …, "timestamp": …}`, or
`{"success": false, "error": …, "code": …, "details": …, "timestamp": …}`: `error` is a sentence that may be
shown to the customer, `code` is for programs.

**Lists.** Lists that can grow are paged: `limit` is at most 100, and `nextCursor` is the `cursor` of the next
page. Rankings (search by meaning, products by relevance) have one page that ends at `limit`.

**Authorization.** Send a token as `Authorization: Bearer …`. Each operation names its required scope.

**Repeated requests.** A request with an `Idempotency-Key` is carried out once; sent again, the stored
response comes back with `Idempotency-Replayed: true`.

**Limits.** The number of requests a minute is limited by address and by account: see the `X-RateLimit-…`
headers, and `Retry-After` with 429.
"""
ROUTERS = (
    auth.router,
    admin.router,
    customers.router,
    overview.router,
    staff.router,
    catalog.router,
    checkout.router,
    orders.router,
    memberships.router,
    age.router,
    raffles.router,
    payments.router,
    fraud.router,
    demand.router,
    handoffs.router,
    webhooks.router,
    notices.pages,
    notices.router,
    memory.router,
    context.router,
    facts.router,
    recording.router,
    erasure.router,
    search.router,
    predictions.router,
    knowledge.router,
    chat.router,
    reasoning.router,
    health.router,
    pages.router,
    reference.router,
)
EXPOSED = (REQUEST_ID, REPLAYED, "Retry-After", LIMIT_HEADER, REMAINING_HEADER, RESET_HEADER)


class Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            complete(super().openapi(), self.routes)
        return super().openapi()


def create_app(container: Container) -> FastAPI:
    app = Api(
        title=TITLE,
        summary=SUMMARY,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=_lifespan(container),
        middleware=_middleware(container.infrastructure),
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.container = container
    errors.install(app)
    # As they are: to include a router would make each of its routes again for every app.
    app.router.routes.extend(route for router in ROUTERS for route in router.routes)
    pages.mount_assets(app)
    reference.mount_assets(app)
    return app


def _lifespan(container: Container) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # A route that moves money holds two connections of the pool.
        pool_size = container.infrastructure.settings.ledger.pool_size
        anyio.to_thread.current_default_thread_limiter().total_tokens = pool_size // 2
        yield
        await container.leave()
        await anyio.to_thread.run_sync(container.close)

    return lifespan


def _middleware(infrastructure: Infrastructure) -> list[Middleware]:
    """From the outside in."""
    settings = infrastructure.settings
    api = settings.api
    limiter = RateLimiter(infrastructure.cache)
    middleware = [
        Middleware(RequestId),
        Middleware(AccessLog),
        Middleware(SecurityHeaders, https_only=settings.is_production),
        Middleware(Failures),
        Middleware(Identity, tokens=infrastructure.tokens),
        Middleware(RateLimit, limiter=limiter, local=LocalLimiter(), per_minute=api.requests_per_minute),
        Middleware(BodyLimit, limit_bytes=api.max_body_bytes),
        Middleware(Idempotency, keys=infrastructure.idempotency, digests=infrastructure.keys.digests),
    ]
    if api.cors_origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=api.cors_origins,
            allow_methods=("GET", "POST", "PUT", "DELETE"),
            allow_headers=("Authorization", "Last-Event-ID", KEY_HEADER, REQUEST_ID),
            expose_headers=EXPOSED,
        )
        middleware.insert(3, cors)
    return middleware
