"""The profile of each customer, and the mark of erased customers."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Table,
    Text,
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
from memory.conversations.store import INTERACTIONS
from memory.profiles.models import UNDERSTOOD, Profile

FORGOTTEN = -1
"""The version of a profile that marks an erased customer, of whom nothing is learned."""
MARK = "the mark that nothing is to be remembered"

PROFILES = Table(
    "profiles",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="the position of the last interaction in it"),
    Column("document", JSONB, nullable=False),
    info=personal("customer_id", kept=Kept(MARK, {"version": FORGOTTEN, "document": {}})),
)

# Statements of every turn are built once: building one costs as much as running it.
CUSTOMER = bindparam("customer", type_=Text)
PROFILE = select(PROFILES.c.version, PROFILES.c.document).where(PROFILES.c.customer_id == CUSTOMER)
LOCKED_PROFILE = PROFILE.with_for_update()
PROGRESS = select(
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


@dataclass(frozen=True)
class MemoryProgress:
    """How far a customer's memory goes, and which of some interactions are in it."""

    version: int
    profile: Profile
    known: frozenset[str]

    @property
    def is_barred(self) -> bool:
        return self.version == FORGOTTEN


class ProfileStore:
    """Writing a profile locks its row, so positions of interactions grow in the order of commits."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def read(self, customer_id: str) -> tuple[int, Profile]:
        """The version and the profile; version 0 for a customer we do not know."""
        with self._ledger.autocommit() as connection:
            row = connection.execute(PROFILE, {"customer": customer_id}).one_or_none()
        if row is None or row.version == FORGOTTEN:
            return 0, Profile()
        return row.version, Profile.from_document(row.document)

    def progress(self, customer_id: str, *, among: Collection[str]) -> MemoryProgress:
        with self._ledger.transaction() as connection:
            row = connection.execute(PROGRESS, {"customer": customer_id, "among": list(among)}).one()
        profile = Profile.from_document(row.document) if row.document else Profile()
        return MemoryProgress(row.version or 0, profile, frozenset(row.known or ()))

    def write(self, customer_id: str, profile: Profile, *, version: int, expected: int) -> bool:
        """False, and nothing written, when another process has learned since version `expected` was read.

        What was understood in earlier interactions stays: `keep` writes it, whenever it is known.
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

    def locked(self, customer_id: str) -> Profile | None:
        """Locked for a change in this transaction; None of an unknown or erased customer.

        Learning and erasing wait until it ends.
        """
        with self._ledger.transaction() as connection:
            row = connection.execute(LOCKED_PROFILE, {"customer": customer_id}).one_or_none()
        if row is None or row.version == FORGOTTEN:
            return None
        return Profile.from_document(row.document)

    def keep(self, customer_id: str, profile: Profile) -> None:
        """Of the same interactions, after `locked`."""
        theirs = update(PROFILES).where(PROFILES.c.customer_id == customer_id)
        with self._ledger.transaction() as connection:
            connection.execute(theirs.values(document=profile.document()))

    def long_memories(self, turns: int) -> list[tuple[str, int]]:
        """Customers of whom at least so many turns were learned, and how many."""
        long = select(PROFILES.c.customer_id, PROFILES.c.version).where(PROFILES.c.version >= turns)
        with self._ledger.autocommit() as connection:
            return [(row.customer_id, row.version) for row in connection.execute(long)]

    def drop(self, customer_id: str) -> None:
        """Unless an interaction is left, or comes in concurrently."""
        left = exists().where(INTERACTIONS.c.customer_id == customer_id)
        theirs = (PROFILES.c.customer_id == customer_id) & (PROFILES.c.version != FORGOTTEN)
        with self._ledger.transaction() as connection:
            connection.execute(delete(PROFILES).where(theirs, ~left))

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
        """Those of them who were erased."""
        marked = PROFILES.c.customer_id.in_(customer_ids) & (PROFILES.c.version == FORGOTTEN)
        with self._ledger.autocommit() as connection:
            return set(connection.execute(select(PROFILES.c.customer_id).where(marked)).scalars())

    def is_barred(self, customer_id: str) -> bool:
        with self._ledger.autocommit() as connection:
            row = connection.execute(PROFILE, {"customer": customer_id}).one_or_none()
        return row is not None and row.version == FORGOTTEN
