"""What was understood of each turn, kept beside it: a profile made again is made from the same."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, DateTime, Index, Table, Text, delete, exists, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation.personal import personal
from foundation.sql import Ledger, metadata
from memory.conversations.models import Interaction
from memory.understanding.models import Understanding

UNDERSTANDINGS = Table(
    "understandings",
    metadata,
    Column("interaction_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("document", JSONB, nullable=False, comment="language, sentiment, intent and what is named"),
    Column("reading", Text, comment="state of a second reading, by the language model"),
    Index(None, "customer_id"),
    info=personal("customer_id"),
)
IS_WAITING = UNDERSTANDINGS.c.reading == "waiting"
Index("ix_understandings_waiting", UNDERSTANDINGS.c.at, postgresql_where=IS_WAITING)


class Reading(StrEnum):
    WAITING = "waiting"
    ASKED = "asked"


class Understandings:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def keep(
        self, understood: Mapping[Interaction, Understanding], *, read_again: Collection[str] = ()
    ) -> set[str]:
        """The turns that are new; one that is there already stays as it was understood at first.

        read_again: those that somebody with more time is to read.
        """
        rows = [
            {
                "interaction_id": turn.id,
                "customer_id": turn.customer_id,
                "at": turn.at,
                "document": understanding.document(),
                "reading": Reading.WAITING if turn.id in read_again else None,
            }
            for turn, understanding in understood.items()
        ]
        if not rows:
            return set()
        kept = insert(UNDERSTANDINGS).on_conflict_do_nothing().returning(UNDERSTANDINGS.c.interaction_id)
        with self._ledger.transaction() as connection:
            return set(connection.execute(kept, rows).scalars())

    def known(self, interaction_ids: Collection[str]) -> set[str]:
        """Those of the turns that were understood."""
        asked = select(UNDERSTANDINGS.c.interaction_id).where(
            UNDERSTANDINGS.c.interaction_id.in_(interaction_ids)
        )
        with self._ledger.autocommit() as connection:
            return set(connection.execute(asked).scalars())

    def waiting(self, *, limit: int) -> list[tuple[str, str]]:
        """Turns that are to be read again and that nobody was asked to read; each with whose it is."""
        wanted = select(UNDERSTANDINGS.c.interaction_id, UNDERSTANDINGS.c.customer_id).where(IS_WAITING)
        with self._ledger.autocommit() as connection:
            rows = connection.execute(wanted.order_by(UNDERSTANDINGS.c.at).limit(limit))
            return [(row.interaction_id, row.customer_id) for row in rows]

    def reread(self, interaction_id: str, *, reading: Reading | None) -> bool:
        """Note how far it has come: None once it was read; False when it was already, or is gone."""
        due = UNDERSTANDINGS.c.interaction_id == interaction_id, UNDERSTANDINGS.c.reading.is_not(None)
        noted = update(UNDERSTANDINGS).where(*due).values(reading=reading)
        with self._ledger.transaction() as connection:
            return connection.execute(noted).rowcount == 1

    def is_due(self, interaction_id: str) -> bool:
        """Whether it is to be read again still."""
        due = UNDERSTANDINGS.c.interaction_id == interaction_id, UNDERSTANDINGS.c.reading.is_not(None)
        with self._ledger.autocommit() as connection:
            return bool(connection.scalar(select(exists().where(*due))))

    def of(self, customer_id: str) -> Mapping[str, Understanding]:
        """By the id of the turn."""
        asked = select(UNDERSTANDINGS.c.interaction_id, UNDERSTANDINGS.c.document).where(
            UNDERSTANDINGS.c.customer_id == customer_id
        )
        with self._ledger.autocommit() as connection:
            return {
                row.interaction_id: Understanding.from_document(row.document)
                for row in connection.execute(asked)
            }

    def drop_before(self, moment: datetime) -> None:
        with self._ledger.transaction() as connection:
            connection.execute(delete(UNDERSTANDINGS).where(UNDERSTANDINGS.c.at < moment))
