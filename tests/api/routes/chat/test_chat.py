import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from agent.turns.tables import messages, threads, turns
from api.containers.container import Container
from commerce.memberships.store import memberships
from tests.api.conftest import Headers, usd

GOLD = "make me a gold member"
SLEEP = "what do you recommend for sleep under $40?"
EVENTS = {"Accept": "text/event-stream"}
Frame = dict[str, Any]

pytestmark = pytest.mark.slow


def frames(text: str) -> Iterator[Frame]:
    for part in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.split("\n"))
        if "data" in fields:
            yield {"id": fields.get("id"), "kind": fields["event"], "data": json.loads(fields["data"])}


def say(client: TestClient, headers: Headers, message: str, **more: str) -> dict[str, Any]:
    answer = client.post("/api/chat", json={"message": message, **more}, headers=headers)
    assert answer.status_code == 200, answer.text
    reply: dict[str, Any] = answer.json()["data"]
    return reply


def stream(client: TestClient, headers: Headers, message: str, **more: str) -> list[Frame]:
    answer = client.post("/api/chat", json={"message": message, **more}, headers={**headers, **EVENTS})
    assert answer.headers["content-type"].startswith("text/event-stream")
    return list(frames(answer.text))


def rows_of(container: Container, table: Any) -> int:  # noqa: ANN401 - a table
    with container.infrastructure.ledger.transaction() as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0


def test_answer_names_real_products_with_their_cards(client: TestClient, ana: Headers) -> None:
    reply = say(client, ana, SLEEP)

    assert "Night Owl Gummies" in reply["text"]
    assert [(card["title"], card["price"]) for card in reply["cards"]] == [
        ("Night Owl Gummies", usd("28.00"))
    ]


def test_guest_may_ask(client: TestClient) -> None:
    token = client.post("/api/auth/guest").json()["data"]["token"]

    reply = say(client, {"Authorization": f"Bearer {token}"}, SLEEP)

    assert "Night Owl Gummies" in reply["text"]


def test_stranger_without_a_token_is_sent_to_get_one(client: TestClient) -> None:
    answer = client.post("/api/chat", json={"message": SLEEP})

    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHORIZED"


def test_events_name_the_turn_first_and_end_with_the_reply(client: TestClient, ana: Headers) -> None:
    told = stream(client, ana, SLEEP)

    kinds = [frame["kind"] for frame in told]
    assert kinds[0] == "accepted"
    assert kinds[-1] == "done"
    assert {"tool_started", "tool_finished", "token"} <= set(kinds)
    spoken = "".join(frame["data"]["text"] for frame in told if frame["kind"] == "token")
    assert spoken.strip() == told[-1]["data"]["text"].strip()
    assert told[0]["data"]["turnId"] == told[-1]["data"]["turnId"]


def test_dropped_client_resumes_after_the_last_event_it_saw(client: TestClient, ana: Headers) -> None:
    told = stream(client, ana, SLEEP)
    turn_id, seen = told[0]["data"]["turnId"], told[2]["id"]

    by_header = client.get(f"/api/chat/turns/{turn_id}/events", headers={**ana, "Last-Event-ID": seen})
    by_query = client.get(f"/api/chat/turns/{turn_id}/events", params={"after": seen}, headers=ana)

    assert list(frames(by_header.text)) == told[3:]
    assert by_query.text == by_header.text


def test_events_are_rebuilt_when_the_stream_is_lost(
    client: TestClient, ana: Headers, container: Container
) -> None:
    told = stream(client, ana, SLEEP)
    container.infrastructure.cache.flushall()

    again = client.get(f"/api/chat/turns/{told[0]['data']['turnId']}/events", headers=ana)

    rebuilt = list(frames(again.text))
    assert rebuilt[0]["kind"] == "restart"
    assert rebuilt[-1]["kind"] == "done"
    assert rebuilt[-1]["data"] == told[-1]["data"]


def test_same_message_sent_twice_is_one_turn(client: TestClient, ana: Headers, container: Container) -> None:
    first, second = (say(client, ana, SLEEP, messageId="msg_one") for _ in range(2))

    assert first == second
    assert rows_of(container, messages) == rows_of(container, turns) == rows_of(container, threads) == 1


def test_yes_by_button_makes_one_member_however_often_it_is_pressed(
    client: TestClient, ana: Headers, container: Container
) -> None:
    action_id = say(client, ana, GOLD)["confirmation"]["actionId"]

    answers = [
        client.post(f"/api/chat/actions/{action_id}", json={"decision": "confirm"}, headers=ana)
        for _ in range(3)
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].json()["data"] == answers[2].json()["data"]
    assert rows_of(container, memberships) == 1


def test_no_by_button_changes_nothing(client: TestClient, ana: Headers, container: Container) -> None:
    action_id = say(client, ana, GOLD)["confirmation"]["actionId"]

    client.post(f"/api/chat/actions/{action_id}", json={"decision": "cancel"}, headers=ana)

    assert rows_of(container, memberships) == 0


def test_decision_can_be_followed_as_events(client: TestClient, ana: Headers) -> None:
    action_id = say(client, ana, GOLD)["confirmation"]["actionId"]

    path = f"/api/chat/actions/{action_id}"
    answer = client.post(path, json={"decision": "confirm"}, headers={**ana, **EVENTS})

    kinds = [frame["kind"] for frame in frames(answer.text)]
    assert (kinds[0], kinds[-1]) == ("accepted", "done")


def test_thread_is_read_as_it_was_said(client: TestClient, ana: Headers) -> None:
    thread_id = say(client, ana, GOLD)["threadId"]

    thread = client.get(f"/api/chat/threads/{thread_id}", headers=ana).json()["data"]

    assert [message["role"] for message in thread["messages"]] == ["customer", "assistant"]
    assert thread["messages"][0]["text"] == GOLD
    assert thread["messages"][1]["confirmation"]["tool"] == "subscribe_membership"


def test_turn_tells_its_reply_once_there_is_one(client: TestClient, ana: Headers) -> None:
    reply = say(client, ana, SLEEP)

    turn = client.get(f"/api/chat/turns/{reply['turnId']}", headers=ana).json()["data"]

    assert turn == {"turnId": reply["turnId"], "status": "answered", "reply": reply}


def test_conversation_goes_on_in_its_thread(client: TestClient, ana: Headers, container: Container) -> None:
    first = say(client, ana, GOLD)

    second = say(client, ana, "yes", threadId=first["threadId"])

    assert second["threadId"] == first["threadId"]
    assert rows_of(container, memberships) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/chat/threads/{threadId}"),
        ("GET", "/api/chat/turns/{turnId}"),
        ("GET", "/api/chat/turns/{turnId}/events"),
        ("POST", "/api/chat/actions/{actionId}"),
    ],
)
def test_what_is_anothers_is_not_there(
    client: TestClient, ana: Headers, ben: Headers, container: Container, method: str, path: str
) -> None:
    reply = say(client, ana, GOLD)
    ids = {**reply, "actionId": reply["confirmation"]["actionId"]}

    answer = client.request(
        method, path.format(**ids), json={"decision": "confirm"} if method == "POST" else None, headers=ben
    )

    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_FOUND"
    assert rows_of(container, memberships) == 0


def test_nobody_may_speak_in_anothers_thread(
    client: TestClient, ana: Headers, ben: Headers, container: Container
) -> None:
    thread_id = say(client, ana, GOLD)["threadId"]

    answer = client.post("/api/chat", json={"message": "yes", "threadId": thread_id}, headers=ben)

    assert answer.status_code == 404
    assert rows_of(container, memberships) == 0


@pytest.mark.parametrize("message", ["", "   \n ", "x" * 4_001, "bell \x07", "nul \x00", None, 7, ["hi"]])
def test_message_that_is_none_is_refused_by_name(
    client: TestClient, ana: Headers, container: Container, message: object
) -> None:
    answer = client.post("/api/chat", json={"message": message}, headers=ana)

    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_INPUT"
    assert answer.json()["details"][0]["field"] == "message"
    assert rows_of(container, messages) == 0


def test_longest_message_is_taken_and_trimmed(client: TestClient, ana: Headers, container: Container) -> None:
    say(client, ana, f"  {'hello ' * 666}bye!  ")

    with container.infrastructure.ledger.transaction() as tx:
        text = tx.scalars(select(messages.c.text)).one()
    assert len(text) == 4_000


def test_megabyte_of_words_is_refused(client: TestClient, ana: Headers, container: Container) -> None:
    answer = client.post("/api/chat", json={"message": "a" * 1_000_000}, headers=ana)

    assert answer.json()["code"] == "INVALID_INPUT"
    assert rows_of(container, messages) == 0


def test_model_cannot_be_told_who_asks(client: TestClient, ana: Headers) -> None:
    answer = client.post("/api/chat", json={"message": "hi", "customer_id": "cus_ben"}, headers=ana)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "customer_id"


def test_page_is_served_under_a_strict_policy(client: TestClient) -> None:
    page = client.get("/")

    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    assert "style=" not in page.text


@pytest.mark.parametrize("path", ["/static/js/main.js", "/static/css/base.css", "/static/icons.svg"])
def test_assets_are_asked_after_each_time(client: TestClient, path: str) -> None:
    first = client.get(path)

    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert again.status_code == 304
