"""Turns that an earlier version left in the ledger; `journals/` holds their rows as it wrote them."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select, update

from agent.graph.reply import FAILED
from agent.turns.tables import journal, messages, threads, turns
from tests.agent.desk import Desk, open_desk
from tests.agent.models import ScriptedModel
from tests.shop import Shop
from tools.confirmations import pending_actions
from tools.effects import effects

pytestmark = pytest.mark.anyio
JOURNALS = Path(__file__).parent / "journals"
TABLES = (threads, turns, messages, journal, pending_actions, effects)
CASES = sorted(path.stem for path in JOURNALS.glob("*.json"))


def stored(case: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((JOURNALS / f"{case}.json").read_text())
    return read


def put(shop: Shop, case: str) -> None:
    """The rows of a turn whose process was killed before it stored the reply."""
    with shop.ledger.transaction() as tx:
        for table in TABLES:
            for row in stored(case)["rows"][table.name]:
                tx.execute(insert(table).values(_typed(table, row)))
    shop.clock.advance(timedelta(minutes=1))


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """Times as times; JSON has them as text."""
    times = {column.name for column in table.c if column.type.python_type is datetime}
    return {
        name: datetime.fromisoformat(value) if name in times and value else value
        for name, value in row.items()
    }


async def finish(desk: Desk) -> None:
    for thread_id in desk.store.lapsed(older_than=timedelta(0)):
        await desk.turns.drain(thread_id)


def test_there_is_a_journal_of_each_kind_of_entry() -> None:
    assert sorted("cancelled confirmed form guest handoff note notice proposal read refused".split()) == CASES


@pytest.mark.parametrize("case", CASES)
async def test_journal_of_an_earlier_version_resumes_without_asking_or_doing_anything_again(
    shop: Shop, case: str
) -> None:
    desk = open_desk(shop, "unasked")
    put(shop, case)

    await finish(desk)

    expected = stored(case)
    model = desk.models[0]
    assert isinstance(model, ScriptedModel)
    with shop.ledger.transaction() as tx:
        reply = tx.scalar(select(turns.c.reply).where(turns.c.id == expected["turn_id"]))
        done = tx.scalars(select(effects.c.call_id)).all()
    assert reply == expected["reply"]
    assert model.requests == []
    assert len(done) == len(expected["rows"]["effects"])
    assert (desk.memberships(), shop.charges()) == (0, 0)


async def test_broken_journal_ends_its_turn_in_words(shop: Shop) -> None:
    desk = open_desk(shop, "unasked")
    put(shop, "read")
    with shop.ledger.transaction() as tx:
        tx.execute(update(journal).values(data={}))

    await finish(desk)

    reply = desk.store.turn(stored("read")["turn_id"]).reply
    assert reply is not None
    assert (reply.failed, reply.text) == (True, FAILED)


async def test_pending_action_of_an_earlier_version_is_carried_out_after_the_yes(shop: Shop) -> None:
    desk = open_desk(shop, "Welcome to Gold.")
    put(shop, "proposal")
    await finish(desk)

    reply = await desk.say("yes")

    assert reply.text == "Welcome to Gold."
    assert (desk.memberships(), shop.charges()) == (1, 1)


async def test_pending_action_of_an_earlier_version_is_carried_out_by_its_button(shop: Shop) -> None:
    desk = open_desk(shop, "Welcome to Gold.")
    put(shop, "proposal")
    await finish(desk)
    (action,) = stored("proposal")["rows"]["pending_actions"]

    reply = await desk.say("Yes", action_id=action["id"], decision="confirm")

    assert reply.text == "Welcome to Gold."
    assert (desk.memberships(), shop.charges()) == (1, 1)
