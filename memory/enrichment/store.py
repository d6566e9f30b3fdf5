"""What was understood of each turn, kept beside it: a profile made again is made from the same."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Column, DateTime, Index, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation.personal import personal
from foundation.sql import Ledger, metadata
from memory.enrichment.models import Understanding
from memory.interactions import Interaction

UNDERSTANDINGS = Table(
    "understandings",
    metadata,
    Column("interaction_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("document", JSONB, nullable=False, comment="language, sentiment, intent and what is named"),
    Index(None, "customer_id"),
    info=personal("customer_id"),
)


class Understandings:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def keep(self, understood: Mapping[Interaction, Understanding]) -> None:
        """A turn that is there already stays as it was understood at first."""
        rows = [
            {
                "interaction_id": turn.id,
                "customer_id": turn.customer_id,
                "at": turn.at,
                "document": understanding.document(),
            }
            for turn, understanding in understood.items()
        ]
        if rows:
            with self._ledger.transaction() as connection:
                connection.execute(insert(UNDERSTANDINGS).on_conflict_do_nothing(), rows)

    def of(self, customer_id: str) -> Mapping[str, Understanding]:
        """By the id of the turn."""
        asked = select(UNDERSTANDINGS.c.interaction_id, UNDERSTANDINGS.c.document).where(
            UNDERSTANDINGS.c.customer_id == customer_id
        )
        with self._ledger.at_once() as connection:
            return {
                row.interaction_id: Understanding.from_document(row.document)
                for row in connection.execute(asked)
            }

    def drop_before(self, moment: datetime) -> None:
        with self._ledger.transaction() as connection:
            connection.execute(delete(UNDERSTANDINGS).where(UNDERSTANDINGS.c.at < moment))
