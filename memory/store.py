"""The interactions of each customer, with their vectors, and the profile made of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    LargeBinary,
    Row,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation.personal import Kept, personal
from foundation.sql import Ledger, metadata
from memory.conversations.models import Interaction
from memory.profiles.models import UNDERSTOOD, Profile

FORGOTTEN = -1
"""The version of a profile that is only a mark, so that nothing is learned any more."""
MARK = "the mark that nothing is to be remembered"
PAGE = 2_000
"""Interactions read at once."""

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
    Column("vectors", LargeBinary, nullable=False, comment="float16: the message's, then the response's"),
    UniqueConstraint("customer_id", "position"),
    Index("ix_interactions_customer_id_at", "customer_id", "at"),
    info=personal("customer_id", withheld=("vectors",)),
)
PROFILES = Table(
    "profiles",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="the position of the last interaction in it"),
    Column("document", JSONB, nullable=False),
    info=personal("customer_id", kept=Kept(MARK, {"version": FORGOTTEN, "document": {}})),
)
FIELDS = tuple(Interaction.__dataclass_fields__)

# Statements of every turn are built once: building one costs as much as running it.
CUSTOMER = bindparam("customer", type_=Text)
PROFILE = select(PROFILES.c.version, PROFILES.c.document).where(PROFILES.c.customer_id == CUSTOMER)
LOCKED_PROFILE = PROFILE.with_for_update()
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
    .values(
        version=bindparam("next_version"),
        document=PROFILES.c.document.concat(bindparam("next_document", type_=JSONB)),
    )
    .returning(PROFILES.c.version)
)
ADD = insert(INTERACTIONS)
SINCE = (
    select(INTERACTIONS)
    .where(INTERACTIONS.c.customer_id == CUSTOMER, INTERACTIONS.c.position >= bindparam("position"))
    .order_by(INTERACTIONS.c.position)
)
OLDEST = select(func.min(INTERACTIONS.c.at)).where(INTERACTIONS.c.customer_id == CUSTOMER)
NEWS = SINCE.add_columns(OLDEST.correlate(None).scalar_subquery().label("oldest")).limit(PAGE)
NEXT = SINCE.limit(PAGE)
AT = (
    select(INTERACTIONS)
    .where(
        INTERACTIONS.c.customer_id == CUSTOMER,
        INTERACTIONS.c.position.in_(bindparam("positions", expanding=True)),
    )
    .order_by(INTERACTIONS.c.position)
)
LATEST = (
    select(INTERACTIONS)
    .where(INTERACTIONS.c.customer_id == CUSTOMER)
    .order_by(INTERACTIONS.c.at.desc(), INTERACTIONS.c.position.desc())
    .limit(bindparam("limit", type_=BigInteger))
)

Pair = NDArray[np.float16]
"""Two rows: the vector of the message and that of the response."""


@dataclass(frozen=True)
class Standing:
    """How far a customer's memory goes, and which of some interactions are in it."""

    version: int
    profile: Profile
    known: frozenset[str]

    @property
    def is_barred(self) -> bool:
        return self.version == FORGOTTEN


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
        if row is None or row.version == FORGOTTEN:
            return 0, Profile()
        return row.version, Profile.from_document(row.document)

    def standing(self, customer_id: str, *, among: Collection[str]) -> Standing:
        with self._ledger.transaction() as connection:
            row = connection.execute(STANDING, {"customer": customer_id, "among": list(among)}).one()
        profile = Profile.from_document(row.document) if row.document else Profile()
        return Standing(row.version or 0, profile, frozenset(row.known or ()))

    def write_profile(self, customer_id: str, profile: Profile, *, version: int, expected: int) -> bool:
        """False, and nothing written, when somebody else has learned since version `expected` was read.

        What was understood in earlier interactions stays: `keep_profile` writes it, whenever it is known.
        """
        document = profile.document()
        first = {"customer_id": customer_id, "version": version, "document": document}
        said = {part: value for part, value in document.items() if part not in UNDERSTOOD}
        later = {"customer": customer_id, "expected": expected}
        later |= {"next_version": version, "next_document": said}
        with self._ledger.transaction() as connection:
            written = (
                connection.scalar(NEXT_PROFILE, later)
                if expected
                else connection.scalar(FIRST_PROFILE, first)
            )
        return written is not None

    def locked_profile(self, customer_id: str) -> Profile | None:
        """To be changed and kept in this transaction; None of somebody unknown or forgotten.

        Whoever learns of the customer, or forgets them, waits until then.
        """
        with self._ledger.transaction() as connection:
            row = connection.execute(LOCKED_PROFILE, {"customer": customer_id}).one_or_none()
        if row is None or row.version == FORGOTTEN:
            return None
        return Profile.from_document(row.document)

    def keep_profile(self, customer_id: str, profile: Profile) -> None:
        """Of the same interactions, after `locked_profile`."""
        theirs = update(PROFILES).where(PROFILES.c.customer_id == customer_id)
        with self._ledger.transaction() as connection:
            connection.execute(theirs.values(document=profile.document()))

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

    def pages(self, customer_id: str, position: int) -> Iterator[list[Stored]]:
        """The same, some at a time: of a long memory not all fits at once."""
        while True:
            asked = {"customer": customer_id, "position": position}
            with self._ledger.at_once() as connection:
                page = [_stored(row) for row in connection.execute(NEXT, asked)]
            if page:
                yield page
            if len(page) < PAGE:
                return
            position = page[-1].position + 1

    def news(self, customer_id: str, position: int) -> tuple[datetime | None, list[Stored]]:
        """The first page, and the time of the oldest there is; None where nothing is that new."""
        asked = {"customer": customer_id, "position": position}
        with self._ledger.at_once() as connection:
            rows = connection.execute(NEWS, asked).all()
        return (rows[0].oldest if rows else None), [_stored(row) for row in rows]

    def at(self, customer_id: str, positions: Collection[int]) -> list[Stored]:
        """What stands at those positions, in order; what was erased is not there any more."""
        asked = {"customer": customer_id, "positions": sorted(positions)}
        with self._ledger.at_once() as connection:
            return [_stored(row) for row in connection.execute(AT, asked)]

    def latest(self, customer_id: str, limit: int) -> list[Interaction]:
        """The last ones, the newest first."""
        with self._ledger.at_once() as connection:
            rows = connection.execute(LATEST, {"customer": customer_id, "limit": limit})
            return [_stored(row).interaction for row in rows]

    def long_memories(self, turns: int) -> list[tuple[str, int]]:
        """Customers of whom at least so many turns were learned, and how many."""
        long = select(PROFILES.c.customer_id, PROFILES.c.version).where(PROFILES.c.version >= turns)
        with self._ledger.at_once() as connection:
            return [(row.customer_id, row.version) for row in connection.execute(long)]

    def find(self, ids: Sequence[str]) -> list[Stored]:
        """Those of them that there are, in the order they were kept."""
        wanted = select(INTERACTIONS).where(INTERACTIONS.c.id.in_(ids))
        ordered = wanted.order_by(INTERACTIONS.c.customer_id, INTERACTIONS.c.position)
        with self._ledger.at_once() as connection:
            return [_stored(row) for row in connection.execute(ordered)]

    def present(self, ids: Collection[str]) -> set[str]:
        """Those of the interactions that there are."""
        wanted = select(INTERACTIONS.c.id).where(INTERACTIONS.c.id.in_(ids))
        with self._ledger.at_once() as connection:
            return set(connection.execute(wanted).scalars())

    def phrases(self, customer_id: str, *, between: tuple[int, int], limit: int) -> list[str]:
        """Some of what the customer wrote, each of a length that is long enough to know it again."""
        shortest, longest = between
        head = func.left(INTERACTIONS.c.message, longest)
        some = (
            select(head)
            .where(INTERACTIONS.c.customer_id == customer_id, func.length(INTERACTIONS.c.message) >= shortest)
            .order_by(func.md5(INTERACTIONS.c.id))
            .limit(limit)
        )
        with self._ledger.at_once() as connection:
            return list(connection.execute(some).scalars())

    def drop_before(self, moment: datetime, *, customers: int) -> list[str]:
        """Forget the interactions before that moment of so many customers; whose they were."""
        old = INTERACTIONS.c.at < moment
        some = select(INTERACTIONS.c.customer_id).where(old).distinct().limit(customers)
        with self._ledger.transaction() as connection:
            theirs = list(connection.execute(some).scalars())
            connection.execute(delete(INTERACTIONS).where(old, INTERACTIONS.c.customer_id.in_(theirs)))
        return theirs

    def drop_profile(self, customer_id: str) -> None:
        """Of somebody of whom no interaction is left; one that comes in meanwhile keeps it."""
        left = exists().where(INTERACTIONS.c.customer_id == customer_id)
        theirs = (PROFILES.c.customer_id == customer_id) & (PROFILES.c.version != FORGOTTEN)
        with self._ledger.transaction() as connection:
            connection.execute(delete(PROFILES).where(theirs, ~left))

    def in_use(self, phrases: Sequence[str]) -> set[str]:
        """Those that stand in anybody's conversations."""
        said = INTERACTIONS.c.message + " " + INTERACTIONS.c.response
        with self._ledger.transaction() as connection:
            return {
                phrase
                for phrase in phrases
                if connection.scalar(select(exists().where(said.contains(phrase, autoescape=True))))
            }

    def bar(self, customer_id: str) -> None:
        """Let nothing be learned of the customer any more.

        Who is just learning waits for this row, finds the mark and learns nothing.
        """
        mark = {"version": FORGOTTEN, "document": {}}
        statement = insert(PROFILES).values(customer_id=customer_id, **mark)
        with self._ledger.transaction() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=[PROFILES.c.customer_id], set_=mark)
            )

    def barred(self, customer_ids: Collection[str]) -> set[str]:
        """Those of them who asked to be forgotten."""
        marked = PROFILES.c.customer_id.in_(customer_ids) & (PROFILES.c.version == FORGOTTEN)
        with self._ledger.at_once() as connection:
            return set(connection.execute(select(PROFILES.c.customer_id).where(marked)).scalars())

    def is_barred(self, customer_id: str) -> bool:
        with self._ledger.at_once() as connection:
            row = connection.execute(PROFILE, {"customer": customer_id}).one_or_none()
        return row is not None and row.version == FORGOTTEN


def _stored(row: Row[tuple[object, ...]]) -> Stored:
    interaction = Interaction(*(getattr(row, name) for name in FIELDS))
    return Stored(row.position, interaction, np.frombuffer(row.vectors, np.float16).reshape(2, -1))
