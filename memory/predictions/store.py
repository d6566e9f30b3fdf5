"""The fitted models, and every prediction with what became of it."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    column,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.dml import ReturningInsert

from foundation.personal import IMPERSONAL, personal
from foundation.sql import metadata
from memory.predictions.models import Kind, Prediction, Record
from memory.predictions.purchases import RHYTHMS, Rhythm, rhythm_of

MODELS = Table(
    "prediction_models",
    metadata,
    Column("version", Text, primary_key=True),
    Column("made_at", DateTime(timezone=True), nullable=False, index=True),
    Column("document", JSONB, nullable=False),
    Column("tastes", LargeBinary),
    info=IMPERSONAL,
)
PREDICTIONS = Table(
    "predictions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", JSONB, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("actual_value", JSONB),
    Column("accuracy", Double),
    Column("scored_at", DateTime(timezone=True)),
    info=personal("customer_id"),
)
IS_OPEN = PREDICTIONS.c.scored_at.is_(None)
Index(
    "uq_predictions_open",
    PREDICTIONS.c.customer_id,
    PREDICTIONS.c.kind,
    unique=True,
    postgresql_where=IS_OPEN,
)
Index("ix_predictions_due", PREDICTIONS.c.due_on, postgresql_where=IS_OPEN)
Index(None, PREDICTIONS.c.customer_id, PREDICTIONS.c.made_at)

# Built once: building one costs as much as running it.
LATEST = select(MODELS.c.version).order_by(MODELS.c.made_at.desc(), MODELS.c.version).limit(1)
MODEL_AND_RHYTHM = select(LATEST.scalar_subquery().label("version"), RHYTHMS).select_from(
    select(literal(1).label("one"))
    .subquery()
    .outerjoin(RHYTHMS, RHYTHMS.c.customer_id == bindparam("customer", type_=Text))
)
GIVEN = tuple(each for each in PREDICTIONS.c if not each.nullable)


def _open_statement() -> ReturningInsert[str]:
    """Rows as one document: a row of parameters for each would take ten times as long."""
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB)).table_valued(
        *(column(each.name, each.type) for each in GIVEN)
    )
    given = select(rows.render_derived(with_types=True))
    added = insert(PREDICTIONS).from_select([each.name for each in GIVEN], given)
    return added.on_conflict_do_nothing().returning(PREDICTIONS.c.id)


OPEN = _open_statement()


@dataclass(frozen=True)
class Fitted:
    version: str
    made_at: datetime
    document: dict[str, Any]
    tastes: bytes | None


def add_model(connection: Connection, fitted: Fitted) -> None:
    connection.execute(insert(MODELS).values(asdict(fitted)).on_conflict_do_nothing())


def drop_models(connection: Connection, *, before: datetime) -> None:
    connection.execute(delete(MODELS).where(MODELS.c.made_at < before))


def drop_before(connection: Connection, moment: datetime) -> int:
    """Predictions that were made before it; how many."""
    return connection.execute(delete(PREDICTIONS).where(PREDICTIONS.c.made_at < moment)).rowcount


def model(connection: Connection, version: str) -> Fitted:
    return Fitted(**connection.execute(select(MODELS).where(MODELS.c.version == version)).mappings().one())


def latest(connection: Connection) -> str | None:
    version: str | None = connection.scalar(LATEST)
    return version


def model_and_rhythm(connection: Connection, customer_id: str) -> tuple[str | None, Rhythm | None]:
    """The version of the newest model, and the customer's rhythm if they have bought anything."""
    row = connection.execute(MODEL_AND_RHYTHM, {"customer": customer_id}).mappings().one()
    return row["version"], rhythm_of(row) if row["customer_id"] else None


def open_new(connection: Connection, predictions: Sequence[Prediction]) -> list[Prediction]:
    """Those for which none of the same customer and kind waits for its truth yet."""
    rows = [
        {**vars(each), "made_at": each.made_at.isoformat(), "due_on": each.due_on.isoformat()}
        for each in predictions
    ]
    added = set(connection.execute(OPEN, {"rows": rows}).scalars())
    return [each for each in predictions if each.id in added]


def waiting(connection: Connection, customer_id: str, kinds: Collection[Kind]) -> list[Prediction]:
    """The customer's predictions of these kinds whose truth is not known, locked."""
    theirs = (PREDICTIONS.c.customer_id == customer_id) & PREDICTIONS.c.kind.in_(kinds) & IS_OPEN
    return _read(connection, select(PREDICTIONS).where(theirs).with_for_update())


def due(connection: Connection, *, today: date, limit: int) -> list[Prediction]:
    """Some whose time is over, locked; others that score them at the same time get others."""
    over = select(PREDICTIONS).where(PREDICTIONS.c.due_on <= today, IS_OPEN).order_by(PREDICTIONS.c.id)
    return _read(connection, over.limit(limit).with_for_update(skip_locked=True))


def close(connection: Connection, scored: Sequence[Prediction]) -> None:
    statement = (
        update(PREDICTIONS)
        .where(PREDICTIONS.c.id == bindparam("of"))
        .values(
            actual_value=bindparam("actual", type_=JSONB),
            accuracy=bindparam("right", type_=PREDICTIONS.c.accuracy.type),
            scored_at=bindparam("at", type_=PREDICTIONS.c.scored_at.type),
        )
    )
    rows = [
        {"of": each.id, "actual": each.actual_value, "right": each.accuracy, "at": each.scored_at}
        for each in scored
    ]
    connection.execute(statement, rows)


def without(connection: Connection, kinds: Collection[Kind], *, after: str, limit: int) -> list[Rhythm]:
    """Customers, by id, without an open prediction of one of these kinds."""
    open_kinds = (
        select(func.count())
        .where(PREDICTIONS.c.customer_id == RHYTHMS.c.customer_id, PREDICTIONS.c.kind.in_(kinds), IS_OPEN)
        .scalar_subquery()
    )
    statement = select(RHYTHMS).where(RHYTHMS.c.customer_id > after, open_kinds < len(kinds))
    rows = connection.execute(statement.order_by(RHYTHMS.c.customer_id).limit(limit)).mappings()
    return [rhythm_of(row) for row in rows]


def history(connection: Connection, customer_id: str) -> list[Prediction]:
    """Of one customer, the newest first."""
    theirs = select(PREDICTIONS).where(PREDICTIONS.c.customer_id == customer_id)
    return _read(connection, theirs.order_by(PREDICTIONS.c.made_at.desc(), PREDICTIONS.c.kind))


def records(connection: Connection) -> list[Record]:
    columns = PREDICTIONS.c
    statement = (
        select(
            columns.kind,
            func.count().label("scored"),
            func.avg(columns.accuracy).label("accuracy"),
            func.avg(columns.confidence).label("confidence"),
        )
        .where(columns.accuracy.is_not(None))
        .group_by(columns.kind)
        .order_by(columns.kind)
    )
    rows = connection.execute(statement).mappings()
    return [Record(**{**row, "kind": Kind(row["kind"])}) for row in rows]


def _read(connection: Connection, statement: Select[Any]) -> list[Prediction]:
    rows = connection.execute(statement).mappings()
    return [Prediction(**{**row, "kind": Kind(row["kind"])}) for row in rows]
