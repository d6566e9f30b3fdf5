"""A client generated from the OpenAPI document, without a warning, talks to the running API."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from api.app import create_app
from api.containers.container import Container
from tests.api.conftest import Headers

PACKAGE = "livhana_client"
GENERATE = (sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


@pytest.fixture(scope="module")
def generated(container: Container, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("client")
    document, config = folder / "openapi.json", folder / "config.yaml"
    document.write_text(json.dumps(create_app(container).openapi()))
    # No formatter runs over what is used only here.
    config.write_text("post_hooks: []")
    output: Path = folder / PACKAGE
    files = ("--path", str(document), "--config", str(config), "--output-path", str(output))
    done = subprocess.run((*GENERATE, *files), capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout.lower()
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))


def module(generated: str, name: str) -> ModuleType:
    return importlib.import_module(f"{generated}.{name}")


@pytest.fixture
def anas(generated: str, address: str, ana: Headers) -> Iterator[Any]:
    token = ana["Authorization"].removeprefix("Bearer ")
    with module(generated, "client").AuthenticatedClient(base_url=address, token=token) as client:
        yield client


@pytest.fixture
def stranger(generated: str, address: str) -> Iterator[Any]:
    with module(generated, "client").Client(base_url=address) as client:
        yield client


def test_guest_gets_a_token_and_a_product_with_its_price(
    generated: str,
    address: str,
    stranger: Any,  # noqa: ANN401
) -> None:
    issued = module(generated, "api.auth.create_guest_token").sync(client=stranger)
    token = issued.data.token

    with module(generated, "client").AuthenticatedClient(base_url=address, token=token) as guest:
        product = module(generated, "api.catalogue.get_product").sync("prd_owl", client=guest)

    assert (product.data.price.amount, product.data.price.currency) == ("28.00", "USD")


def test_orders_are_placed_and_read_page_by_page(generated: str, anas: Any) -> None:  # noqa: ANN401
    models = module(generated, "models")
    place, read = module(generated, "api.checkout.place_order"), module(generated, "api.orders.list_orders")
    wanted = models.CheckoutIn(items=[models.CartItemIn(product_id="prd_day", quantity=1)], state="TX")
    placed = {
        place.sync(client=anas, body=wanted, idempotency_key=f"generated-{number}").data.id
        for number in range(3)
    }

    first = read.sync(client=anas, limit=2)
    second = read.sync(client=anas, limit=2, cursor=first.next_cursor)

    assert {order.id for order in (*first.data, *second.data)} == placed
    assert (len(first.data), second.next_cursor) == (2, None)


def test_repeated_request_is_replayed(generated: str, anas: Any) -> None:  # noqa: ANN401
    models, add = module(generated, "models"), module(generated, "api.customers.add_address")
    home = models.AddressIn(
        recipient="Ana", line1="1 Main St", city="Austin", state="TX", postal_code="78701"
    )

    answers = [add.sync_detailed(client=anas, body=home, idempotency_key="an-address") for _ in range(2)]

    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true"]
    assert answers[0].parsed.data.id == answers[1].parsed.data.id


def test_refusals_are_typed(generated: str, anas: Any, stranger: Any) -> None:  # noqa: ANN401
    models = module(generated, "models")

    unknown = module(generated, "api.catalogue.get_product").sync_detailed("prd_none", client=anas)
    bad = module(generated, "api.orders.list_orders").sync_detailed(client=anas, cursor="nowhere")
    unsigned = module(generated, "api.checkout.get_cart").sync_detailed(client=stranger)

    answers = (unknown, bad, unsigned)
    assert [answer.status_code for answer in answers] == [404, 400, 401]
    assert all(isinstance(answer.parsed, models.Failure) for answer in answers)
    assert [answer.parsed.code for answer in answers] == ["NOT_FOUND", "INVALID_INPUT", "UNAUTHORIZED"]
    assert bad.parsed.error.startswith("`cursor` is not valid here")


def test_message_is_answered_and_its_events_are_read_as_text(generated: str, anas: Any) -> None:  # noqa: ANN401
    models = module(generated, "models")
    message = models.ChatMessageIn(message="what do you recommend for sleep under $40?")

    reply = module(generated, "api.chat.send_message").sync(client=anas, body=message)
    events = module(generated, "api.chat.stream_turn_events").sync_detailed(reply.data.turn_id, client=anas)

    assert "Night Owl Gummies" in reply.data.text
    assert "event: done" in events.content.decode()
