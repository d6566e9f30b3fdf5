"""The suggestions of last night."""

from collections.abc import Sequence

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Double,
    Integer,
    Table,
    Text,
    delete,
    insert,
    select,
)

from commerce.demand.models import Suggestion
from foundation.personal import IMPERSONAL
from foundation.sql import metadata

reorder_suggestions = Table(
    "reorder_suggestions",
    metadata,
    Column("product_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("lead_days", Integer, nullable=False),
    Column("service_level", Double, nullable=False),
    Column("expected", Double),
    Column("reorder_point", Integer),
    Column("to_order", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("computed_at", DateTime(timezone=True), nullable=False),
    info=IMPERSONAL,
)


def replace(connection: Connection, suggestions: Sequence[Suggestion]) -> None:
    connection.execute(delete(reorder_suggestions))
    if suggestions:
        connection.execute(insert(reorder_suggestions), [vars(each) for each in suggestions])


def every(connection: Connection) -> list[Suggestion]:
    """What to order comes first, the most of it in front."""
    columns = reorder_suggestions.c
    wanted = select(reorder_suggestions).order_by(columns.to_order.desc(), columns.name, columns.product_id)
    return [Suggestion(**row) for row in connection.execute(wanted).mappings()]
