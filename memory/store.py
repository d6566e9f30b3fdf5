"""The interactions of each customer, with their vectors, and the profile made of them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    LargeBinary,
    Row,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation.sql import Ledger, metadata
from memory.interactions import Interaction
from memory.profiles import Profile

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
    Column("intent", Text),
    Column("vectors", LargeBinary, nullable=False, comment="float16: the message's, then the response's"),
    UniqueConstraint("customer_id", "position"),
)
PROFILES = Table(
    "profiles",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="the position of the last interaction in it"),
    Column("document", JSONB, nullable=False),
)
FIELDS = tuple(Interaction.__dataclass_fields__)

# Statements of every turn are built once: building one costs as much as running it.
CUSTOMER = bindparam("customer", type_=Text)
PROFILE = select(PROFILES.c.version, PROFILES.c.document).where(PROFILES.c.customer_id == CUSTOMER)
STANDING = select(
    PROFILES.c.version,
    PROFILES.c.document,
    select(func.array_agg(INTERACTIONS.c.id))
    .where(INTERACTIONS.c.id.in_(bindparam("among", expanding=True)))
    .scalar_subquery()
    .label("known"),
).select_from(
    select(literal(1).label("one")).subquery().outerjoin(PROFILES, PROFILES.c.customer_id == CUSTOMER)
)
FIRST_PROFILE = insert(PROFILES).on_conflict_do_nothing().returning(PROFILES.c.version)
NEXT_PROFILE = (
    update(PROFILES)
    .where(PROFILES.c.customer_id == CUSTOMER, PROFILES.c.version == bindparam("expected"))
    .values(version=bindparam("next_version"), document=bindparam("next_document", type_=JSONB))
    .returning(PROFILES.c.version)
)
ADD = insert(INTERACTIONS)
SINCE = (
    select(INTERACTIONS)
    .where(INTERACTIONS.c.customer_id == CUSTOMER, INTERACTIONS.c.position >= bindparam("position"))
    .order_by(INTERACTIONS.c.position)
)

Pair = NDArray[np.float16]
"""Two rows: the vector of the message and that of the response."""


@dataclass(frozen=True)
class Standing:
    """How far a customer's memory goes, and which of some interactions are in it."""

    version: int
    profile: Profile
    known: frozenset[str]


@dataclass(frozen=True)
class Stored:
    position: int
    interaction: Interaction
    vectors: Pair


class MemoryStore:
    """Positions grow in the order of commits: the profile write that takes them locks the customer's row.

    So what lies beyond the last known position is all that is new.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def profile(self, customer_id: str) -> tuple[int, Profile]:
        """The version and the profile; version 0 for a customer we do not know."""
        with self._ledger.at_once() as connection:
            row = connection.execute(PROFILE, {"customer": customer_id}).one_or_none()
        return (row.version, Profile.from_document(row.document)) if row else (0, Profile())

    def standing(self, customer_id: str, *, among: Collection[str]) -> Standing:
        with self._ledger.transaction() as connection:
            row = connection.execute(STANDING, {"customer": customer_id, "among": list(among)}).one()
        profile = Profile.from_document(row.document) if row.version else Profile()
        return Standing(row.version or 0, profile, frozenset(row.known or ()))

    def write_profile(self, customer_id: str, profile: Profile, *, version: int, expected: int) -> bool:
        """False, and nothing written, when somebody else has written since version `expected` was read."""
        document = profile.document()
        first = {"customer_id": customer_id, "version": version, "document": document}
        later = {"customer": customer_id, "expected": expected}
        later |= {"next_version": version, "next_document": document}
        with self._ledger.transaction() as connection:
            written = (
                connection.scalar(NEXT_PROFILE, later)
                if expected
                else connection.scalar(FIRST_PROFILE, first)
            )
        return written is not None

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
        with self._ledger.at_once() as connection:
            return [_stored(row) for row in connection.execute(SINCE, asked)]

    def erase(self, customer_id: str) -> int:
        """Drop everything that is kept of the customer here; how many interactions that was."""
        with self._ledger.transaction() as connection:
            connection.execute(delete(PROFILES).where(PROFILES.c.customer_id == customer_id))
            theirs = delete(INTERACTIONS).where(INTERACTIONS.c.customer_id == customer_id)
            return connection.execute(theirs).rowcount


def _stored(row: Row[tuple[object, ...]]) -> Stored:
    interaction = Interaction(*(getattr(row, name) for name in FIELDS))
    return Stored(row.position, interaction, np.frombuffer(row.vectors, np.float16).reshape(2, -1))
