from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from tests.api.conftest import ANA, Headers
from tests.fakes import FakeClock

PATH = f"/api/memory/facts/{ANA}"


@pytest.fixture
def told_at(container: Container, clock: FakeClock) -> datetime:
    """Ana named a budget then and another one a day later, and took a diet back."""
    at = clock()
    container.memory.engine.remember(ANA, "budget", "$40", source="trn_1")
    container.memory.engine.remember(ANA, "diet", "vegan", source="trn_1")
    clock.advance(timedelta(days=1))
    container.memory.engine.remember(ANA, "budget", "$60", source="trn_2")
    container.memory.engine.withdraw(ANA, "diet")
    return at


def _ask(client: TestClient, headers: Headers, **query: str) -> list[dict[str, Any]]:
    answer = client.get(PATH, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def test_what_holds_what_held_and_where_it_comes_from(
    client: TestClient, told_at: datetime, ana: Headers, staff: Headers
) -> None:
    (now,) = _ask(client, ana)
    then = _ask(client, ana, asOf=told_at.isoformat())
    before, after = _ask(client, staff, history="true", predicate="Budget")
    diets = _ask(client, ana, history="true", predicate="diet")
    until_then = _ask(client, ana, history="true", asOf=told_at.isoformat())

    assert (now["predicate"], now["value"], now["source"], now["validTo"]) == ("budget", "$60", "trn_2", None)
    assert {each["value"] for each in then} == {each["value"] for each in until_then} == {"$40", "vegan"}
    assert (before["value"], before["validTo"], before["source"]) == ("$40", after["validFrom"], "trn_1")
    assert (after["confidence"], after["origin"], after["holds"]) == (1.0, "customer", True)
    assert after["recordedAt"]
    assert diets[-1]["holds"] is False


def test_a_question_that_cannot_be_is_refused(client: TestClient, ana: Headers, ben: Headers) -> None:
    wrong = ({"asOf": "2026-03-01T12:00:00"}, {"asOf": "soon"}, {"history": "yo"}, {"predicate": "x" * 65})

    codes = {client.get(PATH, params=query, headers=ana).json().get("code") for query in wrong}

    assert codes == {"INVALID_INPUT"}
    assert client.get(PATH, headers=ben).status_code == 403
