"""The rows of the outbox: events, and a delivery of each for each subscriber of its topic."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Insert, insert

from foundation.personal import personal, through
from foundation.sql import metadata

OUTBOX = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("customer_id", Text, index=True),
    Column("payload", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    info=personal("customer_id"),
)
DELIVERIES = Table(
    "outbox_deliveries",
    metadata,
    Column("subscriber", Text, primary_key=True),
    Column("event_id", Text, ForeignKey(OUTBOX.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("position", BigInteger, Identity(), nullable=False),
    Column("appended_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("last_error", Text),
    Column("delivered_at", DateTime(timezone=True)),
    Column("dead_lettered_at", DateTime(timezone=True), comment="not tried again until a person asks for it"),
    info=personal(through("event_id", OUTBOX.c.id)),
)
Index(
    "ix_outbox_deliveries_waiting",
    DELIVERIES.c.subscriber,
    DELIVERIES.c.position,
    postgresql_where=DELIVERIES.c.delivered_at.is_(None),
)


def _with_deliveries(events: Insert) -> Insert:
    """The events, and a delivery of each for each of `subscribers`; those that are there stay as they are."""
    appended = events.on_conflict_do_nothing().returning(OUTBOX.c.id, OUTBOX.c.at).cte()
    subscribers = func.unnest(bindparam("subscribers", type_=ARRAY(Text))).table_valued("name")
    deliveries = select(subscribers.c.name, appended.c.id, appended.c.at, appended.c.at)
    columns = ["subscriber", "event_id", "appended_at", "next_attempt_at"]
    source = deliveries.select_from(appended.join(subscribers, true()))
    return insert(DELIVERIES).from_select(columns, source).add_cte(appended)


def _append_statement() -> Insert:
    values = {column.name: bindparam(column.name, type_=column.type) for column in OUTBOX.c}
    return _with_deliveries(insert(OUTBOX).values(values))


def _append_all_statement() -> Insert:
    """Many of one topic, as one document: a row of parameters for each would take ten times as long."""
    columns = [column("id", Text), column("customer_id", Text), column("payload", JSONB)]
    published = func.jsonb_to_recordset(bindparam("published", type_=JSONB)).table_valued(*columns)
    rows = published.render_derived(with_types=True).c
    topic, at = bindparam("topic", type_=Text), bindparam("at", type_=OUTBOX.c.at.type)
    given = select(rows.id, topic, rows.customer_id, rows.payload, at)
    return _with_deliveries(insert(OUTBOX).from_select([each.name for each in OUTBOX.c], given))


APPEND = _append_statement()
APPEND_ALL = _append_all_statement()
