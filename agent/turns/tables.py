"""The tables of conversations: threads, messages, turns and each turn's journal."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from foundation.personal import personal, through
from foundation.sql import metadata

threads = Table(
    "threads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("principal_id", Text, nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("lease_until", DateTime(timezone=True)),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    info=personal("principal_id"),
)
turns = Table(
    "turns",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, Identity(), nullable=False),
    Column("thread_id", Text, ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    Column("principal_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("exchange", JSONB),
    Column("reply", JSONB),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Index("ix_turns_thread_id_number", "thread_id", "number"),
    Index("uq_turns_queued", "thread_id", unique=True, postgresql_where=literal_column("status = 'queued'")),
    Index(
        "uq_turns_unfinished",
        "thread_id",
        unique=True,
        postgresql_where=literal_column("status IN ('running', 'answered')"),
    ),
    info=personal("principal_id"),
)
messages = Table(
    "messages",
    metadata,
    Column("thread_id", Text, ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("number", BigInteger, Identity(), nullable=False),
    Column("turn_id", Text, ForeignKey("turns.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("masked", ARRAY(Text), nullable=False),
    Column("action_id", Text),
    Column("decision", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("thread_id", "message_id"),
    info=personal(through("turn_id", turns.c.id)),
)
journal = Table(
    "journal",
    metadata,
    Column("turn_id", Text, ForeignKey("turns.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("number", BigInteger, Identity(), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("turn_id", "key"),
    info=personal(through("turn_id", turns.c.id)),
)
