"""What customers have stated about themselves and theirs: what holds now, what held before, and the source.

Two times are kept: when a value held (`valid_from`, `valid_to`) and when we came to know it (`recorded_at`).
Every statement is kept, and the facts of its slot are made from all of them: so it does not matter in
which order they are recorded, and a fact can always be traced to the turns in which it was said.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Identity,
    Index,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
)

from foundation.clock import Clock
from foundation.errors import Invalid
from foundation.ids import new_id
from foundation.personal import personal
from foundation.sql import Ledger, metadata
from memory.facts.models import (
    ABOUT_THEMSELVES,
    Assertion,
    Fact,
    Origin,
    RecordedAssertion,
    is_about,
    slot_of,
    timeline,
)
from memory.ports import NO_TERMS, ShopTerms

__all__ = ["ABOUT_THEMSELVES", "FACTS", "LONGEST_PREDICATE", "LONGEST_VALUE", "STATEMENTS", "Fact", "Facts"]

ALLERGIC_TO = "allergic to"
LONGEST_PREDICATE = 64
LONGEST_VALUE = 500
LOCKED = 4
"""Apart from the other locks that are taken by a customer's id."""

STATEMENTS = Table(
    "statements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, comment="the order of recording"),
    Column("customer_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("slot", Text, nullable=False),
    Column("predicate", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("holds", Boolean, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("origin", Text, nullable=False),
    Column("source", Text, comment="the turn in which it was said"),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Index(None, "customer_id", "subject", "slot"),
    info=personal("customer_id"),
)
FACTS = Table(
    "facts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("slot", Text, nullable=False, comment="what takes its place has the same"),
    Column("predicate", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("source", Text, comment="the turn in which it was said"),
    Column("confidence", Float, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("origin", Text, nullable=False),
    Column("holds", Boolean, nullable=False, comment="false for what was taken back"),
    Column("said_at", DateTime(timezone=True), nullable=False, comment="when it was stated last"),
    info=personal("customer_id"),
)
CURRENT = Index(
    "uq_facts_current",
    FACTS.c.customer_id,
    FACTS.c.subject,
    FACTS.c.slot,
    unique=True,
    postgresql_where=FACTS.c.valid_to.is_(None),
)
SHOWN = [FACTS.c[each.name] for each in fields(Fact)]
ASSERTED = [STATEMENTS.c[each.name] for each in fields(Assertion)]
MADE = [STATEMENTS.c[name] for name in ("id", "customer_id", "source", "at", "recorded_at")]


class Facts:
    def __init__(self, ledger: Ledger, *, now: Clock, terms: ShopTerms = NO_TERMS) -> None:
        """terms: those of the shop, under which a remark may be noted."""
        self._ledger = ledger
        self._now = now
        self._terms = terms

    def record(
        self,
        customer_id: str,
        assertions: Sequence[Assertion],
        *,
        source: str | None,
        at: datetime | None = None,
    ) -> list[Fact]:
        """Record assertions; the facts that now hold in their slots, one for each assertion.

        What replaces a fact closes it, and changes nothing else. Assertions that are known already from
        that turn are stored once. at: when they were made, by a clock that may be ahead of ours; now, if
        not given.
        """
        if not assertions:
            return []
        now = self._now()
        said_at = min(at or now, now)
        made = [
            RecordedAssertion(new_id("fct"), customer_id, _bounded(each), source, said_at, now)
            for each in assertions
        ]
        with self._ledger.transaction() as connection:
            connection.execute(_lock(customer_id))
            slots = {self._place(each.assertion) for each in made}
            known = _statements(connection, customer_id, slots)
            fresh = [each for each in made if source is None or not _is_known(each, known)]
            self._keep(connection, fresh)
            facts = {
                place: _rewrite(
                    connection,
                    customer_id,
                    place,
                    [e for e in (*known, *fresh) if self._place(e.assertion) == place],
                )
                for place in slots
            }
        return [facts[self._place(each.assertion)][-1] for each in made]

    def remember(
        self,
        customer_id: str,
        predicate: str,
        value: str,
        *,
        source: str | None,
        subject: str = ABOUT_THEMSELVES,
        confidence: float = 1.0,
    ) -> Fact:
        """The value now current; a different one that it replaces is closed, and nothing else is touched."""
        assertion = Assertion(predicate.casefold(), value, subject=subject, confidence=confidence)
        return self.record(customer_id, [assertion], source=source)[0]

    def note(
        self, customer_id: str, kind: str, words: str, *, read: Sequence[Assertion], source: str | None
    ) -> Fact:
        """Store a remark as the assertions read in it, so that it joins other facts; else as it is."""
        if not read:
            return self.remember(customer_id, kind, words, source=source)
        return self.record(customer_id, read, source=source)[0]

    def withdraw(self, customer_id: str, about: str) -> Fact | None:
        """Close a fact that the customer retracts; the fact, if there was one."""
        name = about.casefold().strip()
        with self._ledger.transaction():
            known = [
                each
                for each in self.current(customer_id)
                if each.subject == ABOUT_THEMSELVES
                and is_about(name, predicate=each.predicate, value=each.value, slot=self._slot(each))
            ]
            taken_back = [Assertion(each.predicate, each.value, holds=False) for each in known]
            self.record(customer_id, taken_back, source=None)
        return known[0] if known else None

    def current(self, customer_id: str) -> list[Fact]:
        return self._read(NOW_HELD, customer_id)

    def allergies(self, customer_id: str) -> set[str]:
        """What the customer says that they are allergic to themselves."""
        allergies = (each for each in self.current(customer_id) if each.predicate == ALLERGIC_TO)
        return {each.value.casefold() for each in allergies if each.subject == ABOUT_THEMSELVES}

    def as_of(self, customer_id: str, moment: datetime) -> list[Fact]:
        """What held at that moment, by what we know today."""
        ended = or_(FACTS.c.valid_to.is_(None), FACTS.c.valid_to > moment)
        return self._read(HELD.where(FACTS.c.valid_from <= moment, ended), customer_id)

    def history(self, customer_id: str, *, predicate: str | None = None) -> list[Fact]:
        """Whatever held or was taken back, the earliest first of each predicate."""
        wanted = KNOWN if predicate is None else KNOWN.where(FACTS.c.predicate == predicate.casefold())
        return self._read(wanted, customer_id)

    def statements(self, customer_id: str, fact: Fact) -> list[RecordedAssertion]:
        """All that was said for and against the fact, in the order said."""
        slot = {(fact.subject, self._slot(fact))}
        with self._ledger.transaction() as connection:
            return sorted(_statements(connection, customer_id, slot), key=lambda each: each.at)

    def drop_before(self, moment: datetime) -> None:
        """Forget what was said before that moment, and not again since."""
        with self._ledger.transaction() as connection:
            connection.execute(delete(FACTS).where(FACTS.c.said_at < moment))
            connection.execute(delete(STATEMENTS).where(STATEMENTS.c.at < moment))

    def _slot(self, said: Assertion | Fact) -> str:
        return slot_of(said.predicate, said.value, kind=self._terms.kinds.get(said.predicate))

    def _place(self, assertion: Assertion) -> tuple[str, str]:
        return assertion.subject, self._slot(assertion)

    def _keep(self, connection: Connection, statements: Sequence[RecordedAssertion]) -> None:
        if statements:
            rows = [
                {name: value for name, value in asdict(each).items() if name != "assertion"}
                | asdict(each.assertion)
                | {"slot": self._slot(each.assertion)}
                for each in statements
            ]
            connection.execute(insert(STATEMENTS), rows)

    def _read(self, statement: Select[Any], customer_id: str) -> list[Fact]:
        with self._ledger.autocommit() as connection:
            rows = connection.execute(statement, {"customer": customer_id}).mappings()
            return [Fact(**{**row, "origin": Origin(row["origin"])}) for row in rows]


KNOWN = (
    select(*SHOWN)
    .where(FACTS.c.customer_id == bindparam("customer", type_=Text))
    .order_by(FACTS.c.predicate, FACTS.c.valid_from, FACTS.c.id)
)
HELD = KNOWN.where(FACTS.c.holds)
NOW_HELD = HELD.where(FACTS.c.valid_to.is_(None))
"""What holds now; built once, since every turn asks it."""


def _lock(customer_id: str | BindParameter[str]) -> Select[Any]:
    """Facts of one customer are written by one at a time: each is made from all that was said."""
    return select(func.pg_advisory_xact_lock(func.hashtextextended(customer_id, LOCKED)))


def _statements(
    connection: Connection, customer_id: str, slots: set[tuple[str, str]]
) -> list[RecordedAssertion]:
    asked = (
        select(*MADE, *ASSERTED)
        .where(
            STATEMENTS.c.customer_id == customer_id,
            tuple_(STATEMENTS.c.subject, STATEMENTS.c.slot).in_(sorted(slots)),
        )
        .order_by(STATEMENTS.c.number)
    )
    statements = []
    for row in connection.execute(asked).mappings():
        assertion = Assertion(
            **{**{each.name: row[each.name] for each in ASSERTED}, "origin": Origin(row["origin"])}
        )
        statements.append(
            RecordedAssertion(assertion=assertion, **{each.name: row[each.name] for each in MADE})
        )
    return statements


def _is_known(made: RecordedAssertion, known: Sequence[RecordedAssertion]) -> bool:
    wanted = (made.source, made.assertion)
    return any((each.source, each.assertion) == wanted for each in known)


def _rewrite(
    connection: Connection, customer_id: str, slot: tuple[str, str], statements: Sequence[RecordedAssertion]
) -> list[Fact]:
    """The facts of a slot, made again from all that was said of it."""
    subject, name = slot
    facts = timeline(statements)
    of_slot = (FACTS.c.customer_id == customer_id, FACTS.c.subject == subject, FACTS.c.slot == name)
    connection.execute(delete(FACTS).where(*of_slot))
    connection.execute(insert(FACTS), [asdict(each) | {"slot": name} for each in facts])
    return facts


def _bounded(assertion: Assertion) -> Assertion:
    fit = replace(assertion, predicate=_one_line(assertion.predicate), value=_one_line(assertion.value))
    if not 0 < len(fit.predicate) <= LONGEST_PREDICATE:
        raise _unfit("kind", LONGEST_PREDICATE)
    if len(fit.value) > LONGEST_VALUE or (fit.holds and not fit.value):
        raise _unfit("value", LONGEST_VALUE)
    return fit


def _unfit(field: str, longest: int) -> Invalid:
    return Invalid(f"I can remember a {field} of 1 to {longest} characters.", {"field": field})


def _one_line(text: str) -> str:
    return " ".join(text.split())
