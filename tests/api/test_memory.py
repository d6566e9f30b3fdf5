import pytest
from starlette.testclient import TestClient

from api.bootstrap import House
from memory.interactions import Interaction
from tests.api.conftest import ANA, BEN, Headers
from tests.fakes import FakeClock


@pytest.fixture
def talked(house: House, clock: FakeClock) -> Interaction:
    turn = Interaction(
        id="trn_first",
        customer_id=ANA,
        thread_id="thr_first",
        channel="chat",
        at=clock(),
        message="Do you have gummies for sleep?",
        response="Night Owl Gummies, $28.00.",
    )
    house.services.memory.learn(turn)
    house.services.memory.remember(ANA, "likes flavour", "berry", source=turn.id)
    return turn


@pytest.mark.usefixtures("talked")
def test_profile_adds_up(client: TestClient, ana: Headers) -> None:
    profile = client.get(f"/api/memory/profile/{ANA}", headers=ana).json()["data"]

    assert profile["conversationHistory"]["totalInteractions"] == 1
    assert profile["conversationHistory"]["topics"] == ["edible", "sleep"]
    assert profile["communication"]["preferredChannel"] == "chat"


def test_context_quotes_turns_and_facts_with_their_source(
    client: TestClient, ana: Headers, talked: Interaction
) -> None:
    shown = client.get(f"/api/memory/context/{ANA}", params={"message": "sleep again"}, headers=ana)

    context = shown.json()["data"]
    assert [(turn["id"], turn["message"]) for turn in context["recent"]] == [(talked.id, talked.message)]
    assert [(fact["predicate"], fact["value"]) for fact in context["facts"]] == [("likes flavour", "berry")]
    assert context["missing"] == []


@pytest.mark.usefixtures("talked")
def test_another_customer_sees_nothing_of_it(client: TestClient, ben: Headers) -> None:
    context = client.get(f"/api/memory/context/{BEN}", headers=ben).json()["data"]

    assert (context["recent"], context["relevant"], context["facts"]) == ([], [], [])


def test_overlong_message_is_refused(client: TestClient, ana: Headers) -> None:
    answer = client.get(f"/api/memory/context/{ANA}", params={"message": "x" * 4_001}, headers=ana)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "message"
