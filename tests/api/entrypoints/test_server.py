import asyncio

from httpx import ASGITransport, AsyncClient
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from api.address import address_of
from api.entrypoints.server import configured
from foundation.settings import ApiSettings

SETTINGS = ApiSettings(CORS_ORIGINS=(), TRUSTED_PROXIES=("10.0.0.0/8",))
CUSTOMER, PROXY, STRANGER = "203.0.113.7", "10.1.2.3", "198.51.100.9"


async def seen(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(address_of(scope))(scope, receive, send)


async def asked(*, peer: str, forwarded_for: str) -> str:
    config = configured(seen, SETTINGS)
    config.load()
    transport = ASGITransport(config.loaded_app, client=(peer, 1))
    async with AsyncClient(transport=transport, base_url="http://shop.test") as client:
        return (await client.get("/", headers={"X-Forwarded-For": forwarded_for})).text


def test_word_of_a_trusted_proxy_is_taken_and_of_nobody_else() -> None:
    behind = asyncio.run(asked(peer=PROXY, forwarded_for=f"{STRANGER}, {CUSTOMER}"))
    pretending = asyncio.run(asked(peer=STRANGER, forwarded_for=CUSTOMER))

    assert (behind, pretending) == (CUSTOMER, STRANGER)
