"""A guest's conversations become those of the customer they turn out to be."""

from sqlalchemy import update

from agent.turns.tables import threads, turns
from foundation.sql import Ledger


class Conversations:
    """Whose they are changes; what was asked as a guest is still answered with a guest's rights."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def adopt(self, guest_id: str, customer_id: str) -> int:
        theirs = update(threads).where(threads.c.principal_id == guest_id).values(principal_id=customer_id)
        with self._ledger.transaction() as tx:
            moved = tx.scalars(theirs.returning(threads.c.id)).all()
            tx.execute(update(turns).where(turns.c.thread_id.in_(moved)).values(principal_id=customer_id))
        return len(moved)
