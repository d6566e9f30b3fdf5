"""A browser before a real shop: the container, its server, and a page that may not complain."""

import shutil
import threading
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from api.app import create_app
from api.containers.container import Container
from api.entrypoints.server import prepare
from foundation.auth import Principal, Role
from tests.api.conftest import ANA, BEN, container, overrides

__all__ = ["container", "overrides"]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SWITCHES = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]
WAIT_MS = 15_000

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield launched
        launched.close()


@pytest.fixture
def shop(container: Container) -> Iterator[str]:
    """The address of a server of its own."""
    prepare(container)
    config = uvicorn.Config(create_app(container), port=0, log_config=None, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive(), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said; a test that provokes an error takes it out."""
    return []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1100, "height": 800})
    opened.set_default_timeout(WAIT_MS)
    yield opened
    opened.close()


@pytest.fixture
def open_page(
    shop: str, container: Container, context: BrowserContext, complaints: list[str]
) -> Iterator[OpenPage]:
    """`open_page()` as a guest, `open_page("cus_ana")` as a customer."""

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def open_for(customer: str | None = None) -> Page:
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        token = customer and container.infrastructure.tokens.issue(Principal(customer, Role.CUSTOMER))
        page.goto(f"{shop}/#token={token}" if token else shop)
        page.wait_for_selector("#who:not(:empty)")
        return page

    yield open_for
    assert complaints == []


@pytest.fixture
def ana(open_page: OpenPage) -> Page:
    return open_page(ANA)


@pytest.fixture
def ben(open_page: OpenPage) -> Page:
    return open_page(BEN)
