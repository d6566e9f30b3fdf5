from collections.abc import Sequence
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from commerce.memberships.models import Tier
from memory.conversations.models import Interaction
from memory.predictions.purchases import Purchase
from memory.predictions.store import Fitted, add_model
from tests.api.conftest import ANA, BEN, Headers, usd
from tests.fakes import FakeClock


@pytest.fixture
def talked(container: Container, clock: FakeClock) -> Interaction:
    turn = Interaction(
        id="trn_first",
        customer_id=ANA,
        thread_id="thr_first",
        channel="chat",
        at=clock(),
        message="Do you have gummies for sleep?",
        response="Night Owl Gummies, $28.00.",
    )
    container.memory.engine.learn(turn)
    container.memory.engine.remember(ANA, "likes flavour", "berry", source=turn.id)
    return turn


@pytest.fixture
def bought(container: Container, clock: FakeClock) -> Sequence[Purchase]:
    made = [
        Purchase(
            f"ord_{number}", ANA, at := clock() - timedelta(days=30 * number), at.date(), cents, products
        )
        for number, cents, products in ((2, 5_600, ("prd_owl", "prd_owl")), (1, 1_999, ("prd_day",)))
    ]
    for each in made:
        container.memory.predictions.service.remember(each)
    return made


@pytest.mark.usefixtures("talked")
def test_profile_adds_up(client: TestClient, ana: Headers) -> None:
    profile = client.get(f"/api/memory/profile/{ANA}", headers=ana).json()["data"]

    assert profile["conversationHistory"]["totalInteractions"] == 1
    assert profile["conversationHistory"]["topics"] == ["edible", "sleep"]
    assert profile["communication"]["preferredChannel"] == "chat"


def test_profile_is_whole(
    client: TestClient, ana: Headers, container: Container, talked: Interaction, bought: Sequence[Purchase]
) -> None:
    container.commerce.memberships.service.subscribe(ANA, tier=Tier.GOLD, key="gold-for-ana")
    container.memory.engine.remember(ANA, "preferred category", "edible", source=talked.id)
    container.memory.engine.remember(ANA, "budget", "$40", source=talked.id)

    profile = client.get(f"/api/memory/profile/{ANA}", headers=ana).json()["data"]

    assert profile["preferences"] == {
        "categories": ["edible"],
        "priceRange": {"min": usd("19.99"), "max": usd("40.00")},
        "flavors": [],
        "effects": [],
    }
    assert profile["behavioral"] == {
        "totalPurchases": 2,
        "totalSpent": usd("75.99"),
        "averageOrderValue": usd("38.00"),
        "purchaseFrequency": "monthly",
        "lastPurchaseDate": bought[1].at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "favoriteProducts": ["Night Owl Gummies", "Daybreak Mints"],
    }
    assert [each["id"] for each in profile["conversationHistory"]["recentConversations"]] == [talked.id]
    assert profile["communication"]["responseStyle"] == "concise"
    assert 0 < profile["communication"]["engagement"] <= 1
    assert profile["ageVerification"]["verified"]
    assert profile["ageVerification"]["verificationMethod"] == "full_verification"
    assert profile["ageVerification"]["expiresAt"] > profile["ageVerification"]["verificationDate"]
    assert (profile["membership"]["tier"], profile["membership"]["status"]) == ("GOLD", "active")
    assert profile["membership"]["discountPercent"] == 30
    assert profile["membership"]["nextBillingDate"] > profile["membership"]["startDate"]
    assert (profile["predictions"], profile["missing"], profile["version"]) == (None, [], "1")


def test_profile_of_a_stranger_is_empty(client: TestClient, ben: Headers) -> None:
    profile = client.get(f"/api/memory/profile/{BEN}", headers=ben).json()["data"]

    assert profile["behavioral"]["totalSpent"] == usd("0.00")
    assert profile["ageVerification"]["verified"] is False
    assert (profile["membership"], profile["predictions"], profile["missing"]) == (None, None, [])


@pytest.mark.usefixtures("bought")
def test_profile_outlives_predictions_that_cannot_be_read(
    client: TestClient, ana: Headers, container: Container
) -> None:
    with container.infrastructure.ledger.transaction() as connection:
        add_model(connection, Fitted("broken", container.infrastructure.clock(), {}, None))

    profile = client.get(f"/api/memory/profile/{ANA}", headers=ana).json()["data"]

    assert (profile["missing"], profile["predictions"]) == (["predictions"], None)
    assert profile["behavioral"]["totalPurchases"] == 2


def test_context_quotes_turns_and_facts_with_their_source(
    client: TestClient, ana: Headers, talked: Interaction
) -> None:
    shown = client.get(f"/api/memory/context/{ANA}", params={"message": "sleep again"}, headers=ana)

    context = shown.json()["data"]
    assert [(turn["id"], turn["message"]) for turn in context["recentInteractions"]] == [
        (talked.id, talked.message)
    ]
    assert [(fact["predicate"], fact["value"]) for fact in context["facts"]] == [("likes flavour", "berry")]
    assert context["missing"] == []


@pytest.mark.usefixtures("talked")
def test_another_customer_sees_nothing_of_it(client: TestClient, ben: Headers) -> None:
    context = client.get(f"/api/memory/context/{BEN}", headers=ben).json()["data"]

    assert (context["recentInteractions"], context["relevantInteractions"], context["facts"]) == ([], [], [])


def test_overlong_message_is_refused(client: TestClient, ana: Headers) -> None:
    answer = client.get(f"/api/memory/context/{ANA}", params={"message": "x" * 4_001}, headers=ana)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "message"
