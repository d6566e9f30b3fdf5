"""Attempts to pay by what they have in common, and the ones that staff look at."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    CompoundSelect,
    Connection,
    DateTime,
    Double,
    Index,
    RowMapping,
    String,
    Table,
    Text,
    bindparam,
    delete,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.dml import ReturningInsert

from commerce.fraud.models import KEPT, Attempt, History, Past, Review, Subject
from foundation.money import Money
from foundation.personal import personal
from foundation.sql import metadata

fraud_attempts = Table(
    "fraud_attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, unique=True),
    Column("customer_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("card_digest", Text),
    Column("address_digest", Text),
    Column("device_digest", Text),
    Column("ip_digest", Text),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("is_fraud", Boolean, comment="what staff found; empty when nobody has looked"),
    Index(None, "customer_id", "at"),
    Index(None, "card_digest", "at"),
    Index(None, "address_digest", "at"),
    Index(None, "device_digest", "at"),
    Index(None, "ip_digest", "at"),
    info=personal("customer_id", withheld=("card_digest", "address_digest", "device_digest", "ip_digest")),
)
fraud_reviews = Table(
    "fraud_reviews",
    metadata,
    Column("id", Text, primary_key=True),
    Column("attempt_id", Text, nullable=False, unique=True),
    Column("customer_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("score", Double, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("is_fraud", Boolean),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    info=personal("customer_id"),
)
OPEN = fraud_reviews.c.decided_at.is_(None)
Index("ix_fraud_reviews_open", fraud_reviews.c.created_at, postgresql_where=OPEN)

COLUMNS = {
    Subject.CARD: fraud_attempts.c.card_digest,
    Subject.ADDRESS: fraud_attempts.c.address_digest,
    Subject.DEVICE: fraud_attempts.c.device_digest,
    Subject.IP: fraud_attempts.c.ip_digest,
    Subject.ACCOUNT: fraud_attempts.c.customer_id,
}
SHOWN = (Subject.CARD, Subject.ADDRESS, Subject.DEVICE, Subject.IP)
"""In the order in which `Past` has them."""


def _history() -> CompoundSelect[Any]:
    """The latest attempts by each subject in turn: five short walks over an index."""
    t = fraud_attempts.c
    shown = (t.at, t.customer_id, t.amount_cents, *(COLUMNS[each] for each in SHOWN), t.is_fraud)
    walks = [
        select(literal(subject.value).label("subject"), *shown)
        .where(column == bindparam(subject.value), t.at > bindparam("since"), t.id != bindparam("id"))
        .order_by(t.at.desc())
        .limit(KEPT)
        .subquery()
        for subject, column in COLUMNS.items()
    ]
    return union_all(*(select(walk) for walk in walks))


def _add() -> ReturningInsert[Any]:
    """The attempt; with a key that is known, the id of the one that is there."""
    adding = insert(fraud_attempts)
    same = adding.on_conflict_do_update(
        index_elements=[fraud_attempts.c.key], set_={"key": adding.excluded.key}
    )
    return same.returning(fraud_attempts.c.id)


HISTORY, ADD = _history(), _add()


def add(connection: Connection, attempt_id: str, attempt: Attempt) -> str:
    """Its id, which is another one when the attempt is there already."""
    row = {
        "id": attempt_id,
        "key": attempt.key,
        "customer_id": attempt.customer_id,
        "kind": attempt.kind,
        "amount_cents": attempt.amount.cents,
        "currency": attempt.amount.currency,
        "card_digest": attempt.card_digest,
        "address_digest": attempt.address_digest,
        "device_digest": attempt.device_digest,
        "ip_digest": attempt.ip_digest,
        "at": attempt.at,
    }
    return str(connection.execute(ADD, row).scalar_one())


def history(connection: Connection, attempt_id: str, attempt: Attempt, *, since: datetime) -> History:
    wanted = {subject.value: attempt.digest(subject) for subject in Subject}
    found: dict[Subject, list[Past]] = defaultdict(list)
    for subject, *seen in connection.execute(HISTORY, {**wanted, "since": since, "id": attempt_id}):
        found[Subject(subject)].append(Past(*seen))
    return found


def add_review(connection: Connection, review: Review) -> Review:
    """The review; the one that is there when the attempt has been reviewed before."""
    row = {
        "id": review.id,
        "attempt_id": review.attempt_id,
        "customer_id": review.customer_id,
        "kind": review.kind,
        "amount_cents": review.amount.cents,
        "currency": review.amount.currency,
        "score": review.score,
        "reasons": list(review.reasons),
        "created_at": review.created_at,
    }
    adding = insert(fraud_reviews).values(row)
    same = adding.on_conflict_do_update(
        index_elements=[fraud_reviews.c.attempt_id], set_={"attempt_id": adding.excluded.attempt_id}
    )
    return _review(connection.execute(same.returning(*fraud_reviews.c)).mappings().one())


def open_reviews(connection: Connection) -> list[Review]:
    wanted = select(fraud_reviews).where(OPEN).order_by(fraud_reviews.c.created_at)
    return [_review(row) for row in connection.execute(wanted).mappings()]


def lock_review(connection: Connection, review_id: str) -> Review | None:
    wanted = select(fraud_reviews).where(fraud_reviews.c.id == review_id).with_for_update()
    row = connection.execute(wanted).mappings().first()
    return _review(row) if row else None


def decide(connection: Connection, review: Review) -> None:
    """Write the decision on the review and on the attempt, where later ones will see it."""
    decided = {"is_fraud": review.is_fraud, "decided_by": review.decided_by, "decided_at": review.decided_at}
    connection.execute(update(fraud_reviews).where(fraud_reviews.c.id == review.id).values(decided))
    judged = update(fraud_attempts).where(fraud_attempts.c.id == review.attempt_id)
    connection.execute(judged.values(is_fraud=review.is_fraud))


def prune(connection: Connection, *, before: datetime) -> int:
    return connection.execute(delete(fraud_attempts).where(fraud_attempts.c.at < before)).rowcount


def erase(connection: Connection, customer_id: str) -> int:
    return sum(
        connection.execute(delete(table).where(table.c.customer_id == customer_id)).rowcount
        for table in (fraud_attempts, fraud_reviews)
    )


def _review(row: RowMapping) -> Review:
    return Review(
        id=row["id"],
        attempt_id=row["attempt_id"],
        customer_id=row["customer_id"],
        kind=row["kind"],
        amount=Money(row["amount_cents"], row["currency"]),
        score=row["score"],
        reasons=tuple(row["reasons"]),
        created_at=row["created_at"],
        is_fraud=row["is_fraud"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
    )
