"""The draws' rows: the promise at opening, the commitment at closing, the randomness and the winners."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Integer,
    RowMapping,
    Table,
    Text,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from commerce.raffles.draw.bundle import Commitment, Promise, Randomness
from commerce.raffles.draw.tickets import HOLDER_DIGITS
from commerce.raffles.models import RaffleStatus
from commerce.raffles.store import raffles
from foundation.errors import NotFound
from foundation.personal import IMPERSONAL
from foundation.sql import metadata

TICKETS_A_BLOCK = 20_000
HASH_BLOCK_BYTES = 64
BLOCK = text(f"""
    WITH page AS (
        SELECT number, customer_id FROM raffle_tickets
        WHERE raffle_id = :raffle_id AND number > :after ORDER BY number LIMIT {TICKETS_A_BLOCK}
    ), holders AS (
        SELECT customer_id, left(encode(
            sha256(:outer || sha256(:inner || convert_to(customer_id, 'UTF8'))), 'hex'), {HOLDER_DIGITS}
        ) AS holder
        FROM page GROUP BY customer_id
    )
    SELECT max(number) AS last, string_agg(number || ' ' || holder || E'\\n', '' ORDER BY number) AS lines
    FROM page JOIN holders USING (customer_id)
""")  # noqa: S608 - numbers of our own
"""The holder is `draw.tickets.holder`, HMAC-SHA256 as RFC 2104 makes it of two hashes.

One row for all of them: to read a row for each ticket would take longer than all the rest.
"""

raffle_draws = Table(
    "raffle_draws",
    metadata,
    Column("raffle_id", Text, ForeignKey("raffles.id"), primary_key=True),
    Column("seed_sha256", Text, nullable=False),
    Column("seed_sealed", Text, nullable=False),
    Column("holder_key_sealed", Text, nullable=False),
    Column(
        "promised_at",
        DateTime(timezone=True),
        nullable=False,
        comment="when the digest of the seed was made known",
    ),
    Column("commitment", JSONB, comment="what was made known at closing"),
    Column("draw_from", DateTime(timezone=True)),
    Column("randomness", JSONB),
    Column("winning_numbers", ARRAY(Integer), comment="the winner, then the runners-up"),
    Column("drawn_at", DateTime(timezone=True)),
    Column("published_at", DateTime(timezone=True)),
    info=IMPERSONAL,
)


@dataclass(frozen=True)
class Draw:
    """How far a raffle's draw has come."""

    raffle_id: str
    promise: Promise
    seed_sealed: str
    holder_key_sealed: str
    commitment: Commitment | None
    randomness: Randomness | None
    winning_numbers: Sequence[int]
    drawn_at: datetime | None
    published_at: datetime | None

    @property
    def committed(self) -> Commitment:
        if self.commitment is None:
            raise NotCommitted
        return self.commitment


class NotCommitted(NotFound):
    def __init__(self) -> None:
        super().__init__("The ticket list of this raffle is published when it closes.")


def promise(connection: Connection, row: dict[str, Any]) -> None:
    """Once a raffle: the first commitment is kept."""
    connection.execute(insert(raffle_draws).values(row).on_conflict_do_nothing())


def find(connection: Connection, raffle_id: str) -> Draw | None:
    wanted = select(raffle_draws).where(raffle_draws.c.raffle_id == raffle_id)
    row = connection.execute(wanted).mappings().first()
    return _draw(row) if row else None


def known(connection: Connection, raffle_id: str) -> Draw:
    """Raises NotCommitted when nothing was even promised."""
    draw = find(connection, raffle_id)
    if draw is None:
        raise NotCommitted
    return draw


def commit(connection: Connection, commitment: Commitment) -> None:
    _set(
        connection,
        commitment.raffle_id,
        commitment=commitment.model_dump(mode="json", by_alias=True),
        draw_from=commitment.draw_from,
    )


def record(
    connection: Connection, raffle_id: str, randomness: Randomness, numbers: Sequence[int], *, at: datetime
) -> None:
    shown = randomness.model_dump(mode="json", by_alias=True)
    _set(connection, raffle_id, randomness=shown, winning_numbers=list(numbers), drawn_at=at)


def publish(connection: Connection, raffle_id: str, *, at: datetime) -> None:
    _set(connection, raffle_id, published_at=at)


def without_promise(connection: Connection) -> Sequence[str]:
    """Open raffles whose seed is not promised yet."""
    wanted = (
        select(raffles.c.id)
        .outerjoin(raffle_draws)
        .where(raffles.c.status == RaffleStatus.OPEN, raffle_draws.c.raffle_id.is_(None))
    )
    return connection.execute(wanted).scalars().all()


def due(connection: Connection, *, now: datetime, drawn_before: datetime) -> dict[str, RaffleStatus]:
    """Raffles whose time has come to be closed, drawn or published, by what they still are."""
    is_over = (raffles.c.status == RaffleStatus.OPEN) & (raffles.c.closes_at <= now)
    is_ripe = (raffles.c.status == RaffleStatus.CLOSED) & (raffle_draws.c.draw_from <= now)
    is_public = (raffles.c.status == RaffleStatus.DRAWN) & (raffle_draws.c.drawn_at <= drawn_before)
    wanted = (
        select(raffles.c.id, raffles.c.status).outerjoin(raffle_draws).where(is_over | is_ripe | is_public)
    )
    rows = connection.execute(wanted.order_by(raffles.c.closes_at)).all()
    return {row.id: RaffleStatus(row.status) for row in rows}


def published(connection: Connection, *, limit: int) -> list[Draw]:
    """The latest first."""
    wanted = select(raffle_draws).where(raffle_draws.c.published_at.is_not(None))
    latest = wanted.order_by(raffle_draws.c.published_at.desc()).limit(limit)
    return [_draw(row) for row in connection.execute(latest).mappings()]


def list_blocks(connection: Connection, raffle_id: str, *, holder_key: bytes) -> Iterator[bytes]:
    """The canonical list, in blocks of whole lines; the database writes the lines, holders and all."""
    padded = holder_key.ljust(HASH_BLOCK_BYTES, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded) for pad in (0x36, 0x5C))
    asked = {"inner": inner, "outer": outer, "raffle_id": raffle_id}
    after = 0
    while (block := connection.execute(BLOCK, {**asked, "after": after}).one()).last is not None:
        yield block.lines.encode()
        after = block.last


def _set(connection: Connection, raffle_id: str, **values: object) -> None:
    connection.execute(update(raffle_draws).where(raffle_draws.c.raffle_id == raffle_id).values(values))


def _draw(row: RowMapping) -> Draw:
    kept, drawn = row["commitment"], row["randomness"]
    return Draw(
        raffle_id=row["raffle_id"],
        promise=Promise(seed_sha256=row["seed_sha256"], promised_at=row["promised_at"]),
        seed_sealed=row["seed_sealed"],
        holder_key_sealed=row["holder_key_sealed"],
        commitment=Commitment.model_validate(kept, strict=False) if kept else None,
        randomness=Randomness.model_validate(drawn, strict=False) if drawn else None,
        winning_numbers=tuple(row["winning_numbers"] or ()),
        drawn_at=row["drawn_at"],
        published_at=row["published_at"],
    )
