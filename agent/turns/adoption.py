"""Move a guest's conversations to the customer who signed in."""

from sqlalchemy import update

from agent.turns.tables import threads, turns
from foundation.sql import Ledger


class Conversations:
    """The owner changes; a message that was sent as a guest is still answered with a guest's scopes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def adopt(self, guest_id: str, customer_id: str) -> int:
        theirs = update(threads).where(threads.c.principal_id == guest_id).values(principal_id=customer_id)
        with self._ledger.transaction() as tx:
            moved = tx.scalars(theirs.returning(threads.c.id)).all()
            tx.execute(update(turns).where(turns.c.thread_id.in_(moved)).values(principal_id=customer_id))
        return len(moved)
