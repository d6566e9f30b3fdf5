from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.containers.container import Container
from api.containers.warehouse_tables import TABLES
from foundation.auth import Role, StaffRole
from foundation.outbox import OUTBOX
from memory.context.renderer import render_context
from memory.conversations.models import Interaction
from memory.profiles.store import ProfileStore
from tests.api.conftest import ANA, BEN, Headers, SignIn, usd

CALL = {
    "interactionId": "int_1",
    "customerId": ANA,
    "sessionId": "call_1",
    "channel": "voice",
    "timestamp": "2026-03-01T11:00:00Z",
    "message": "Do you have something for sleep?",
    "response": "Night Owl Gummies.",
}
BOUGHT = {
    "orderId": "till_1",
    "timestamp": "2026-03-01T11:00:00Z",
    "amount": usd("47.50"),
    "products": ["prd_owl", "prd_day"],
    "paymentMethod": "cash",
}

pytestmark = pytest.mark.slow


@pytest.fixture
def service(sign_in: SignIn) -> Headers:
    return sign_in("svc_till", role=Role.SERVICE)


def _learn(client: TestClient, headers: Headers, told: object) -> Response:
    return client.post("/api/memory/learn", json=told, headers=headers)


def _buy(client: TestClient, headers: Headers, customer_id: str = ANA, **changed: Any) -> Response:  # noqa: ANN401
    return client.post(f"/api/memory/purchase/{customer_id}", json=BOUGHT | changed, headers=headers)


def _hear(container: Container) -> None:
    while container.relay.deliver("predictions"):
        pass


def _profile(client: TestClient, headers: Headers, customer_id: str = ANA) -> dict[str, Any]:
    profile: dict[str, Any] = client.get(f"/api/memory/profile/{customer_id}", headers=headers).json()["data"]
    return profile


def test_turns_told_again_and_in_any_order_are_learned_once(
    client: TestClient, service: Headers, ana: Headers
) -> None:
    later = CALL | {"interactionId": "int_2", "timestamp": "2026-03-01T11:30:00Z", "message": "And mints?"}

    first, second = _learn(client, service, later), _learn(client, service, [CALL, later, CALL])

    history = _profile(client, ana)["conversationHistory"]
    context = client.get(f"/api/memory/context/{ANA}", headers=ana).json()["data"]
    assert first.json()["data"] == {"received": 1, "recorded": 1}
    assert second.json()["data"] == {"received": 3, "recorded": 1}
    assert history["totalInteractions"] == 2
    assert history["lastInteractionDate"] == "2026-03-01T11:30:00.000Z"
    assert [each["id"] for each in history["recentConversations"]] == ["int_2", "int_1"]
    assert [each["id"] for each in context["recentInteractions"]] == ["int_2", "int_1"]


def test_known_id_with_other_content_changes_nothing(
    client: TestClient, service: Headers, ben: Headers
) -> None:
    _learn(client, service, CALL)
    news = CALL | {"interactionId": "int_2", "customerId": BEN}
    others = ({"message": "I want vapes"}, {"customerId": BEN}, {"timestamp": "2026-03-01T11:00:01Z"})

    refused = [_learn(client, service, [news, CALL | other]) for other in others]
    at_once = [_learn(client, service, [news, news | {"response": "Or not."} | other]) for other in others]
    for_two = _learn(client, service, [news, news | {"customerId": ANA}])

    answers = [*refused, *at_once, for_two]
    assert {each.status_code for each in answers} == {409}
    assert not any(CALL["message"] in each.text or ANA in each.text for each in answers)
    assert _profile(client, ben, BEN)["conversationHistory"]["totalInteractions"] == 0


def test_what_cannot_be_is_refused_by_name(client: TestClient, service: Headers) -> None:
    wrong: list[tuple[object, str]] = [
        (CALL | {"customerId": ""}, "interaction.customerId"),
        (CALL | {"interactionId": "../etc"}, "interaction.interactionId"),
        (CALL | {"sessionId": "a b"}, "interaction.sessionId"),
        (CALL | {"timestamp": "2026-03-01T11:00:00"}, "interaction.timestamp"),
        (CALL | {"timestamp": "2026-03-01T12:06:00Z"}, "timestamp"),
        (CALL | {"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        (CALL | {"message": " ", "response": "\n"}, "interaction"),
        (CALL | {"message": "a\u0000b"}, "interaction.message"),
        (CALL | {"message": "x" * 20_001}, "interaction.message"),
        (CALL | {"message": "x" * 1_000_000}, "body"),
        (CALL | {"said": "more"}, "interaction.said"),
        ([CALL, CALL | {"channel": "CARRIER PIGEON"}], "interactions.1.channel"),
        ([], "interactions"),
        ([CALL] * 101, "interactions"),
        (7, "body"),
    ]

    answers = [_learn(client, service, told) for told, _ in wrong]

    assert {each.status_code for each in answers} == {400}
    assert [each.json()["details"][0]["field"] for each in answers] == [named for _, named in wrong]


def test_a_clock_may_be_a_little_ahead(client: TestClient, service: Headers, ana: Headers) -> None:
    ahead = _learn(client, service, CALL | {"timestamp": "2026-03-01T12:04:00Z"})
    behind = _learn(client, service, CALL | {"interactionId": "int_2", "timestamp": "2025-12-01T12:00:00Z"})

    profile = _profile(client, ana)
    assert ahead.json()["data"]["recorded"] == behind.json()["data"]["recorded"] == 1
    assert profile["conversationHistory"]["lastInteractionDate"] == "2026-03-01T12:04:00.000Z"
    assert profile["conversationHistory"]["firstInteractionDate"] == "2025-12-01T12:00:00.000Z"
    assert 0 <= profile["communication"]["engagement"] <= 1


def test_whatever_was_said_comes_back_word_for_word(
    client: TestClient, service: Headers, ana: Headers
) -> None:
    said = ["", "🌙🌙😴", "هل لديكم شيء للنوم؟ \u202eevil\u202c", "dos\r\nlíneas"]
    told = [CALL | {"interactionId": f"int_{number}", "message": each} for number, each in enumerate(said)]
    assert _learn(client, service, told).json()["data"]["recorded"] == len(said)

    contexts = [
        client.get(f"/api/memory/context/{ANA}", params={"message": each}, headers=ana).json()["data"]
        for each in said[:3]
    ]

    assert [each["missing"] for each in contexts] == [[], [], []]
    words = {turn["message"] for turn in contexts[0]["recentInteractions"]}
    assert words == {each.replace("\r\n", "\n") for each in said}


def test_a_megabyte_from_an_import_is_learned_and_quoted_short(container: Container) -> None:
    words = "sleep gummies " * 75_000
    letter = Interaction(
        "int_long", ANA, "mail_1", "email", container.infrastructure.clock(), words, "Thanks."
    )

    assert container.memory.recording.interactions([letter]) == 1

    context = container.memory.engine.context(ANA, "sleep gummies")
    assert context.missing == ()
    assert len(render_context(context)) < 10_000


def test_only_machines_and_those_who_manage_tell(
    client: TestClient, sign_in: SignIn, service: Headers, ana: Headers, guest: Headers
) -> None:
    support = sign_in("stf_sue", role=Role.STAFF, staff_role=StaffRole.SUPPORT)
    for stranger in (ana, guest, support):
        assert _learn(client, stranger, CALL).status_code == 403
        assert _buy(client, stranger).status_code == 403
    assert _learn(client, {}, CALL).status_code == 401
    assert client.get(f"/api/memory/facts/{ANA}", headers=service).status_code == 403
    assert _learn(client, sign_in("stf_max", role=Role.STAFF), CALL).status_code == 200


def test_nothing_is_kept_of_strangers_and_of_the_forgotten(
    client: TestClient, service: Headers, container: Container
) -> None:
    for gone in (BEN, "cus_gone"):
        ProfileStore(container.infrastructure.ledger).bar(gone)
    others = [CALL | {"interactionId": f"int_{who}", "customerId": who} for who in (BEN, "cus_gone")]
    stranger = _learn(client, service, [CALL, CALL | {"interactionId": "int_2", "customerId": "cus_nobody"}])

    forgotten = _learn(client, service, [CALL, *others])

    assert (stranger.status_code, stranger.json()["details"]) == (404, {"customerId": "cus_nobody"})
    assert forgotten.json()["data"] == {"received": 3, "recorded": 1}
    assert _buy(client, service, BEN).json()["data"]["recorded"] is False
    assert _buy(client, service, "cus_nobody").status_code == 404


def test_purchase_at_the_till_counts_once(
    client: TestClient, service: Headers, ana: Headers, container: Container
) -> None:
    first, again = _buy(client, service), _buy(client, service)
    _hear(container)

    with container.infrastructure.ledger.transaction() as connection:
        told = connection.execute(OUTBOX.select().where(OUTBOX.c.topic == "purchases")).mappings().all()
    assert (first.json()["data"]["recorded"], again.json()["data"]["recorded"]) == (True, False)
    assert TABLES["purchases"].fault(told[0]["payload"]) is None
    assert len(told) == 1
    behavioral = _profile(client, ana)["behavioral"]
    assert (behavioral["totalPurchases"], behavioral["totalSpent"]) == (1, usd("47.50"))


def test_purchase_told_otherwise_is_refused(
    client: TestClient, service: Headers, ana: Headers, container: Container
) -> None:
    order = {"items": [{"productId": "prd_owl", "quantity": 1}], "state": "TX"}
    own = client.post("/api/checkout", json=order, headers={**ana, "Idempotency-Key": "order-of-ana"})
    _buy(client, service)
    _buy(client, service, orderId="till_2")
    container.memory.predictions.service.take_back("till_2")

    assert _buy(client, service, amount=usd("48.00")).status_code == 409
    assert _buy(client, service, BEN).status_code == 409
    assert _buy(client, service, orderId="till_2").status_code == 409
    assert _buy(client, service, orderId=own.json()["data"]["id"]).status_code == 409
    assert _profile(client, ana)["behavioral"]["totalSpent"] == usd("47.50")


def test_purchase_that_cannot_be_is_refused_by_name(client: TestClient, service: Headers) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"products": ["prd_owl", "prd_moon"]}, "products"),
        ({"products": []}, "products"),
        ({"products": ["../etc"]}, "products.0"),
        ({"amount": usd("-1.00")}, "amount"),
        ({"amount": 47.5}, "amount"),
        ({"amount": usd("1.005")}, "amount.amount"),
        ({"amount": usd("NaN")}, "amount.amount"),
        ({"amount": usd("1.00") | {"currency": "EUR"}}, "amount.currency"),
        ({"timestamp": "2026-03-02T12:00:00Z"}, "timestamp"),
        ({"orderId": "till 1"}, "orderId"),
        ({"customerId": BEN}, "customerId"),
    ]

    answers = [_buy(client, service, **each) for each, _ in wrong]

    assert {each.status_code for each in answers} == {400}
    assert [each.json()["details"][0]["field"] for each in answers] == [named for _, named in wrong]


def test_order_that_is_refunded_is_taken_back_from_behaviour(
    client: TestClient, ana: Headers, container: Container
) -> None:
    order = {"items": [{"productId": "prd_owl", "quantity": 1}], "state": "TX"}
    made = client.post("/api/checkout", json=order, headers={**ana, "Idempotency-Key": "order-of-ana"})
    _hear(container)
    before = _profile(client, ana)["behavioral"]

    container.commerce.checkout.service.cancel(made.json()["data"]["id"], reason="it came late")
    _hear(container)

    after = _profile(client, ana)["behavioral"]
    assert (before["totalPurchases"], before["favoriteProducts"]) == (1, ["Night Owl Gummies"])
    assert (after["totalPurchases"], after["favoriteProducts"], after["lastPurchaseDate"]) == (0, [], None)


def test_refund_at_the_till_is_taken_back_by_those_who_told_of_the_purchase(
    client: TestClient, service: Headers, ana: Headers, container: Container
) -> None:
    order = {"items": [{"productId": "prd_owl", "quantity": 1}], "state": "TX"}
    own = client.post("/api/checkout", json=order, headers={**ana, "Idempotency-Key": "order-of-ana"})
    _buy(client, service)
    _hear(container)

    def take_back(headers: Headers, customer_id: str, order_id: str) -> int:
        path = f"/api/memory/purchase/{customer_id}/{order_id}"
        return client.delete(path, headers=headers).status_code

    refused = [
        take_back(ana, ANA, "till_1"),
        take_back(service, BEN, "till_1"),
        take_back(service, ANA, "till_2"),
        take_back(service, ANA, own.json()["data"]["id"]),
    ]
    done, again = take_back(service, ANA, "till_1"), take_back(service, ANA, "till_1")

    assert (refused, done, again) == ([403, 404, 404, 404], 200, 404)
    assert _profile(client, ana)["behavioral"]["totalPurchases"] == 1
    assert _buy(client, service).status_code == 409
