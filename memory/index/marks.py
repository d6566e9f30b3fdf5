"""How far an index outside the ledger holds each customer's turns, and who is waiting for it."""

from sqlalchemy import BigInteger, Column, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from foundation.personal import personal
from foundation.sql import Ledger, metadata
from memory.store import PROFILES

INDEXED_TURNS = Table(
    "indexed_turns",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="every turn up to it has been seen in the index"),
    info=personal("customer_id"),
)


class Marks:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def position(self, customer_id: str) -> int:
        """Up to which every turn has been seen in the index; 0 for none."""
        theirs = select(INDEXED_TURNS.c.position).where(INDEXED_TURNS.c.customer_id == customer_id)
        with self._ledger.at_once() as connection:
            return connection.scalar(theirs) or 0

    def move(self, customer_id: str, position: int) -> None:
        """Forwards when more was seen, backwards when something is missing."""
        row = insert(INDEXED_TURNS).values(customer_id=customer_id, position=position)
        moved = row.on_conflict_do_update(
            index_elements=[INDEXED_TURNS.c.customer_id], set_={"position": row.excluded.position}
        )
        with self._ledger.transaction() as connection:
            connection.execute(moved)

    def remove(self, customer_id: str) -> None:
        with self._ledger.transaction() as connection:
            connection.execute(delete(INDEXED_TURNS).where(INDEXED_TURNS.c.customer_id == customer_id))

    def behind(self, limit: int) -> list[str]:
        """Customers of whom more was learned than has been seen in the index."""
        joined = PROFILES.outerjoin(INDEXED_TURNS, INDEXED_TURNS.c.customer_id == PROFILES.c.customer_id)
        seen = func.coalesce(INDEXED_TURNS.c.position, 0)
        waiting = (
            select(PROFILES.c.customer_id)
            .select_from(joined)
            .where(PROFILES.c.version > seen)
            .order_by(PROFILES.c.customer_id)
            .limit(limit)
        )
        with self._ledger.at_once() as connection:
            return list(connection.execute(waiting).scalars())
