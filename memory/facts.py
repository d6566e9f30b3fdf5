"""What a customer has told us about themselves: one current value a predicate, the older ones kept and dated.

Two times are kept: when a value held (`valid_from`, `valid_to`) and when we came to know it (`recorded_at`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    DateTime,
    Float,
    Index,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from foundation.clock import Clock
from foundation.errors import Invalid
from foundation.ids import new_id
from foundation.sql import Ledger, metadata

LONGEST_PREDICATE = 64
LONGEST_VALUE = 500
ABOUT_THEMSELVES = "customer"

FACTS = Table(
    "facts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("predicate", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("source", Text, comment="the turn in which it was said"),
    Column("confidence", Float, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)
CURRENT = Index(
    "uq_facts_current",
    FACTS.c.customer_id,
    FACTS.c.subject,
    FACTS.c.predicate,
    unique=True,
    postgresql_where=FACTS.c.valid_to.is_(None),
)


@dataclass(frozen=True)
class Fact:
    id: str
    customer_id: str
    subject: str
    predicate: str
    value: str
    source: str | None
    confidence: float
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime


class Facts:
    def __init__(self, ledger: Ledger, *, now: Clock) -> None:
        self._ledger = ledger
        self._now = now

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
        predicate = _bounded(predicate.casefold(), "kind", LONGEST_PREDICATE)
        now = self._now()
        fact = Fact(
            id=new_id("fct"),
            customer_id=customer_id,
            subject=subject,
            predicate=predicate,
            value=_bounded(value, "value", LONGEST_VALUE),
            source=source,
            confidence=confidence,
            valid_from=now,
            valid_to=None,
            recorded_at=now,
        )
        with self._ledger.transaction():
            while True:
                known = self._known(customer_id, subject, predicate)
                if known is not None and known.value.casefold() == fact.value.casefold():
                    return known
                if known is not None:
                    self._close(known, at=now)
                if self._insert(fact):
                    return fact

    def withdraw(self, customer_id: str, predicate: str) -> Fact | None:
        """Close what the customer no longer stands by; what it was, if there was something."""
        with self._ledger.transaction():
            known = self._known(customer_id, ABOUT_THEMSELVES, predicate.casefold().strip())
            if known is not None:
                self._close(known, at=self._now())
        return known

    def current(self, customer_id: str) -> list[Fact]:
        return self._read(NOW_HELD, {"customer": customer_id})

    def as_of(self, customer_id: str, moment: datetime) -> list[Fact]:
        """What held at that moment, by what we know today."""
        ended = or_(FACTS.c.valid_to.is_(None), FACTS.c.valid_to > moment)
        return self._read(_of(customer_id).where(FACTS.c.valid_from <= moment, ended))

    def erase(self, customer_id: str) -> int:
        with self._ledger.transaction() as connection:
            return connection.execute(delete(FACTS).where(FACTS.c.customer_id == customer_id)).rowcount

    def _known(self, customer_id: str, subject: str, predicate: str) -> Fact | None:
        same = (FACTS.c.subject == subject) & (FACTS.c.predicate == predicate)
        found = self._read(_of(customer_id).where(same, FACTS.c.valid_to.is_(None)))
        return found[0] if found else None

    def _insert(self, fact: Fact) -> bool:
        """False when another value became current meanwhile."""
        statement = insert(FACTS).values(asdict(fact)).on_conflict_do_nothing().returning(FACTS.c.id)
        with self._ledger.transaction() as connection:
            return connection.execute(statement).scalar() is not None

    def _close(self, fact: Fact, *, at: datetime) -> None:
        statement = update(FACTS).where(FACTS.c.id == fact.id, FACTS.c.valid_to.is_(None)).values(valid_to=at)
        with self._ledger.transaction() as connection:
            connection.execute(statement)

    def _read(self, statement: Select[Any], given: Mapping[str, Any] | None = None) -> list[Fact]:
        with self._ledger.at_once() as connection:
            return [Fact(**row._mapping) for row in connection.execute(statement, given)]


def _of(customer_id: str | BindParameter[str]) -> Select[Any]:
    theirs = select(FACTS).where(FACTS.c.customer_id == customer_id)
    return theirs.order_by(FACTS.c.predicate, FACTS.c.valid_from, FACTS.c.id)


NOW_HELD = _of(bindparam("customer", type_=Text)).where(FACTS.c.valid_to.is_(None))
"""What holds now; built once, since every turn asks it."""


def _bounded(text: str, field: str, longest: int) -> str:
    stripped = " ".join(text.split())
    if not stripped or len(stripped) > longest:
        raise Invalid(f"I can remember a {field} of 1 to {longest} characters.", {"field": field})
    return stripped
