"""How far an index outside the ledger holds each customer's turns, and who is waiting for it."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, FromClause, Table, Text, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from foundation.personal import personal
from foundation.sql import Ledger, metadata
from memory.conversations.store import INTERACTIONS
from memory.profiles.store import FORGOTTEN, PROFILES

INDEXED_TURNS = Table(
    "indexed_turns",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="every turn up to it has been seen in the index"),
    info=personal("customer_id"),
)


@dataclass(frozen=True)
class Extent:
    """How many turns of a customer there are, and how many of them have been seen in the index."""

    customer_id: str
    turns: int
    seen: int


class Marks:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def position(self, customer_id: str) -> int:
        """Up to which every turn has been seen in the index; 0 for none."""
        theirs = select(INDEXED_TURNS.c.position).where(INDEXED_TURNS.c.customer_id == customer_id)
        with self._ledger.autocommit() as connection:
            return connection.scalar(theirs) or 0

    def move(self, customer_id: str, position: int) -> None:
        """Forwards when more was seen, backwards when something is missing; not for an erased customer.

        An erasure under way waits for this, or this for it.
        """
        known = (
            select(PROFILES.c.customer_id, literal(position))
            .where(PROFILES.c.customer_id == customer_id, PROFILES.c.version != FORGOTTEN)
            .with_for_update(read=True)
        )
        row = insert(INDEXED_TURNS).from_select(["customer_id", "position"], known)
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
        mark = func.coalesce(INDEXED_TURNS.c.position, 0)
        waiting = (
            select(PROFILES.c.customer_id)
            .select_from(_with_marks(PROFILES))
            .where(PROFILES.c.version > mark)
            .order_by(PROFILES.c.customer_id)
            .limit(limit)
        )
        with self._ledger.autocommit() as connection:
            return list(connection.execute(waiting).scalars())

    def extents(self) -> list[Extent]:
        """Of every customer of whom there is a turn."""
        seen = func.count().filter(INTERACTIONS.c.position <= INDEXED_TURNS.c.position)
        counted = (
            select(INTERACTIONS.c.customer_id, func.count(), seen)
            .select_from(_with_marks(INTERACTIONS))
            .group_by(INTERACTIONS.c.customer_id)
        )
        with self._ledger.autocommit() as connection:
            return [Extent(*row) for row in connection.execute(counted)]


def _with_marks(table: Table) -> FromClause:
    return table.outerjoin(INDEXED_TURNS, INDEXED_TURNS.c.customer_id == table.c.customer_id)
