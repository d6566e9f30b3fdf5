"""Look at a turn's journal, and run the turn again from it."""

import asyncio
import json
from collections.abc import Iterator

from sqlalchemy import select, update

from agent.turns.models import TurnStatus
from agent.turns.store import TurnStore
from agent.turns.tables import journal, messages, threads, turns
from api.containers.container import Container
from foundation.sql import Ledger


class NotReplayed(Exception):
    """Why a turn is not run again; the message is one sentence."""


def show(store: TurnStore, turn_id: str) -> Iterator[str]:
    """Lines: what the customer wrote, each entry of the journal, and the reply.

    Raises:
        TurnNotFound: there is no such turn.
    """
    turn = store.turn(turn_id)
    yield f"{turn.status} after {turn.attempts} attempts, thread {thread_of(store.ledger, turn_id)}"
    with store.ledger.transaction() as connection:
        said = select(messages.c.text).where(messages.c.turn_id == turn_id).order_by(messages.c.number)
        yield from (f"customer: {text}" for text in connection.scalars(said))
        entries = select(journal).where(journal.c.turn_id == turn_id).order_by(journal.c.number)
        for entry in connection.execute(entries):
            yield f"{entry.key} (attempt {entry.attempt}): {_written(entry.data)}"
    yield f"reply: {_written(turn.reply and turn.reply.to_json())}"


def thread_of(ledger: Ledger, turn_id: str) -> str:
    with ledger.transaction() as connection:
        return str(connection.scalar(select(turns.c.thread_id).where(turns.c.id == turn_id)))


def replay(container: Container, turn_id: str) -> None:
    """Run the turn again in this process. What its journal holds is read, not asked or done again.

    Raises:
        NotReplayed: in production, or while the turn is under way.
        TurnNotFound: there is no such turn.
    """
    if container.infrastructure.settings.is_production:
        raise NotReplayed("In production no turn is run again: its reply would be written anew.")
    turn = container.conversations.turns.turn(turn_id)
    if turn.status != TurnStatus.DONE:
        raise NotReplayed(f"The turn is {turn.status}: wait until it is done.")
    thread_id = thread_of(container.infrastructure.ledger, turn_id)
    _reopen(container.infrastructure.ledger, turn_id, thread_id=thread_id)
    asyncio.run(_run(container, thread_id))


async def _run(container: Container, thread_id: str) -> None:
    try:
        await container.agent().turns.drain(thread_id)
    finally:
        await container.leave()


def _reopen(ledger: Ledger, turn_id: str, *, thread_id: str) -> None:
    """As if the process that ran it had died before it answered."""
    opened = {"status": TurnStatus.RUNNING, "reply": None, "exchange": None, "finished_at": None}
    with ledger.transaction() as connection:
        connection.execute(update(turns).where(turns.c.id == turn_id).values(opened))
        connection.execute(update(threads).where(threads.c.id == thread_id).values(lease_until=None))


def _written(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)
