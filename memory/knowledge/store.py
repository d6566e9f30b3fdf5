"""The documents the shop answers from: every version that was published, cut into passages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from foundation.personal import IMPERSONAL
from foundation.sql import metadata

VERSIONS = Table(
    "knowledge_versions",
    metadata,
    Column("id", Text, primary_key=True, comment="document@version"),
    Column("document_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("markdown", Text, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("retired_at", DateTime(timezone=True)),
    Column("revision", BigInteger, Identity(), nullable=False, comment="grows with every publication"),
    UniqueConstraint("document_id", "version"),
    info=IMPERSONAL,
)
CURRENT = Index(
    "uq_knowledge_versions_current",
    VERSIONS.c.document_id,
    unique=True,
    postgresql_where=VERSIONS.c.retired_at.is_(None),
)
PASSAGES = Table(
    "knowledge_passages",
    metadata,
    Column("id", Text, primary_key=True, comment="document@version#number"),
    Column("version_id", Text, ForeignKey(VERSIONS.c.id), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("headings", ARRAY(Text), nullable=False),
    Column("text", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False, comment="float16"),
    info=IMPERSONAL,
)
STATE = select(func.coalesce(func.max(VERSIONS.c.revision), 0), func.count(VERSIONS.c.retired_at))
"""Another one whenever something was published or retired; built once, since every search asks it."""


@dataclass(frozen=True)
class Document:
    document_id: str
    version: int
    title: str
    published_by: str
    published_at: datetime
    retired_at: datetime | None

    @property
    def id(self) -> str:
        return f"{self.document_id}@{self.version}"


def state(connection: Connection) -> tuple[int, int]:
    revision, retired = connection.execute(STATE).one()
    return revision, retired


def hold(connection: Connection, document_id: str) -> None:
    """Until the transaction ends nobody else publishes or retires this document."""
    key = func.hashtextextended(f"knowledge:{document_id}", 0)
    connection.execute(select(func.pg_advisory_xact_lock(key)))


def latest(connection: Connection, document_id: str) -> tuple[Document, str] | None:
    """The last version, retired or not, with its text."""
    wanted = select(VERSIONS).where(VERSIONS.c.document_id == document_id)
    row = connection.execute(wanted.order_by(VERSIONS.c.version.desc()).limit(1)).one_or_none()
    return (_document(row), row.markdown) if row else None


def versions(connection: Connection, document_id: str | None = None) -> list[Document]:
    """Those that are published; of one document, every version there ever was, the newest first."""
    wanted = select(VERSIONS).order_by(VERSIONS.c.document_id, VERSIONS.c.version.desc())
    chosen = VERSIONS.c.retired_at.is_(None) if document_id is None else VERSIONS.c.document_id == document_id
    return [_document(row) for row in connection.execute(wanted.where(chosen))]


def add(
    connection: Connection, document: Document, markdown: str, passages: Sequence[dict[str, Any]]
) -> None:
    row = {**vars(document), "id": document.id, "markdown": markdown}
    connection.execute(insert(VERSIONS).values(row))
    if passages:
        connection.execute(insert(PASSAGES), [{**each, "version_id": document.id} for each in passages])


def retire(connection: Connection, document_id: str, *, at: datetime) -> bool:
    """False when nothing of it was published."""
    current = (VERSIONS.c.document_id == document_id) & VERSIONS.c.retired_at.is_(None)
    return connection.execute(update(VERSIONS).where(current).values(retired_at=at)).rowcount > 0


def published(connection: Connection) -> list[Row[Any]]:
    """Every passage of what is published, in order."""
    wanted = (
        select(PASSAGES, VERSIONS.c.document_id, VERSIONS.c.title, VERSIONS.c.published_at)
        .join(VERSIONS, VERSIONS.c.id == PASSAGES.c.version_id)
        .where(VERSIONS.c.retired_at.is_(None))
        .order_by(VERSIONS.c.document_id, PASSAGES.c.number)
    )
    return list(connection.execute(wanted))


def _document(row: Row[Any]) -> Document:
    return Document(**{name: getattr(row, name) for name in Document.__dataclass_fields__})
