"""The interactions of each customer, with their vectors."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    LargeBinary,
    Row,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    exists,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from foundation.personal import personal
from foundation.sql import Ledger, metadata
from memory.conversations.models import Interaction

PAGE = 2_000
"""Interactions read at once."""

INTERACTIONS = Table(
    "interactions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("thread_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("message", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("vectors", LargeBinary, nullable=False, comment="float16: the message's, then the response's"),
    UniqueConstraint("customer_id", "position"),
    Index("ix_interactions_customer_id_at", "customer_id", "at"),
    info=personal("customer_id", withheld=("vectors",)),
)
FIELDS = tuple(Interaction.__dataclass_fields__)

# Statements of every turn are built once: building one costs as much as running it.
CUSTOMER = bindparam("customer", type_=Text)
ADD = insert(INTERACTIONS)
SINCE = (
    select(INTERACTIONS)
    .where(INTERACTIONS.c.customer_id == CUSTOMER, INTERACTIONS.c.position >= bindparam("position"))
    .order_by(INTERACTIONS.c.position)
)
OLDEST = select(func.min(INTERACTIONS.c.at)).where(INTERACTIONS.c.customer_id == CUSTOMER)
NEWS = SINCE.add_columns(OLDEST.correlate(None).scalar_subquery().label("oldest")).limit(PAGE)
NEXT = SINCE.limit(PAGE)
AT = (
    select(INTERACTIONS)
    .where(
        INTERACTIONS.c.customer_id == CUSTOMER,
        INTERACTIONS.c.position.in_(bindparam("positions", expanding=True)),
    )
    .order_by(INTERACTIONS.c.position)
)
LATEST = (
    select(INTERACTIONS)
    .where(INTERACTIONS.c.customer_id == CUSTOMER)
    .order_by(INTERACTIONS.c.at.desc(), INTERACTIONS.c.position.desc())
    .limit(bindparam("limit", type_=BigInteger))
)

Pair = NDArray[np.float16]
"""Two rows: the vector of the message and that of the response."""


@dataclass(frozen=True)
class Stored:
    position: int
    interaction: Interaction
    vectors: Pair


class ConversationStore:
    """Positions grow in the order of commits: the profile write that takes them locks the customer's row.

    So what lies beyond the last known position is all that is new.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def add(self, stored: Sequence[Stored]) -> None:
        rows = [
            {**asdict(each.interaction), "position": each.position, "vectors": each.vectors.tobytes()}
            for each in stored
        ]
        with self._ledger.transaction() as connection:
            connection.execute(ADD, rows)

    def since(self, customer_id: str, position: int) -> list[Stored]:
        """What the customer's memory holds from this position on, in order."""
        asked = {"customer": customer_id, "position": position}
        with self._ledger.autocommit() as connection:
            return [_stored(row) for row in connection.execute(SINCE, asked)]

    def pages(self, customer_id: str, position: int) -> Iterator[list[Stored]]:
        """The same, some at a time: of a long memory not all fits at once."""
        while True:
            asked = {"customer": customer_id, "position": position}
            with self._ledger.autocommit() as connection:
                page = [_stored(row) for row in connection.execute(NEXT, asked)]
            if page:
                yield page
            if len(page) < PAGE:
                return
            position = page[-1].position + 1

    def news(self, customer_id: str, position: int) -> tuple[datetime | None, list[Stored]]:
        """The first page, and the time of the oldest interaction; None where there is no newer one."""
        asked = {"customer": customer_id, "position": position}
        with self._ledger.autocommit() as connection:
            rows = connection.execute(NEWS, asked).all()
        return (rows[0].oldest if rows else None), [_stored(row) for row in rows]

    def at(self, customer_id: str, positions: Collection[int]) -> list[Stored]:
        """The interactions at those positions, in order, without erased ones."""
        asked = {"customer": customer_id, "positions": sorted(positions)}
        with self._ledger.autocommit() as connection:
            return [_stored(row) for row in connection.execute(AT, asked)]

    def latest(self, customer_id: str, limit: int) -> list[Interaction]:
        """The last ones, the newest first."""
        with self._ledger.autocommit() as connection:
            rows = connection.execute(LATEST, {"customer": customer_id, "limit": limit})
            return [_stored(row).interaction for row in rows]

    def find(self, ids: Sequence[str]) -> list[Stored]:
        """Those of them that exist, in the order they were stored."""
        wanted = select(INTERACTIONS).where(INTERACTIONS.c.id.in_(ids))
        ordered = wanted.order_by(INTERACTIONS.c.customer_id, INTERACTIONS.c.position)
        with self._ledger.autocommit() as connection:
            return [_stored(row) for row in connection.execute(ordered)]

    def present(self, ids: Collection[str]) -> set[str]:
        """Those of the interactions that there are."""
        wanted = select(INTERACTIONS.c.id).where(INTERACTIONS.c.id.in_(ids))
        with self._ledger.autocommit() as connection:
            return set(connection.execute(wanted).scalars())

    def phrases(self, customer_id: str, *, between: tuple[int, int], limit: int) -> list[str]:
        """Some of what the customer wrote, each of a length that is long enough to know it again."""
        shortest, longest = between
        head = func.left(INTERACTIONS.c.message, longest)
        some = (
            select(head)
            .where(INTERACTIONS.c.customer_id == customer_id, func.length(INTERACTIONS.c.message) >= shortest)
            .order_by(func.md5(INTERACTIONS.c.id))
            .limit(limit)
        )
        with self._ledger.autocommit() as connection:
            return list(connection.execute(some).scalars())

    def drop_before(self, moment: datetime, *, customers: int) -> list[str]:
        """Forget the interactions before that moment of so many customers; whose they were."""
        old = INTERACTIONS.c.at < moment
        some = select(INTERACTIONS.c.customer_id).where(old).distinct().limit(customers)
        with self._ledger.transaction() as connection:
            theirs = list(connection.execute(some).scalars())
            connection.execute(delete(INTERACTIONS).where(old, INTERACTIONS.c.customer_id.in_(theirs)))
        return theirs

    def in_use(self, phrases: Sequence[str]) -> set[str]:
        """Those that occur in any conversation."""
        said = INTERACTIONS.c.message + " " + INTERACTIONS.c.response
        with self._ledger.transaction() as connection:
            return {
                phrase
                for phrase in phrases
                if connection.scalar(select(exists().where(said.contains(phrase, autoescape=True))))
            }


def _stored(row: Row[tuple[object, ...]]) -> Stored:
    interaction = Interaction(*(getattr(row, name) for name in FIELDS))
    return Stored(row.position, interaction, np.frombuffer(row.vectors, np.float16).reshape(2, -1))
