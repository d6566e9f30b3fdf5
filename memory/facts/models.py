"""What customers state of themselves and theirs, and what holds of it, in whatever order it was heard."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from memory.ports import NameKind

ABOUT_THEMSELVES = "customer"


class Origin(StrEnum):
    CUSTOMER = "customer"
    """Their own words."""
    BEHAVIOUR = "behaviour"
    """What we gather from what they do; it never stands against their words."""


MANY = {
    "likes": "taste",
    "dislikes": "taste",
    "allergic to": "allergy",
    "diet": "diet",
    "uses for": "use",
    "shops for": "shops for",
}
"""Predicates that hold of several things at once, and under what: who dislikes a thing no longer likes it."""


def slot_of(predicate: str, value: str, *, kind: NameKind | None = None) -> str:
    """Statements of one slot take each other's place, and have nothing to do with those of another.

    kind: that of the shop's term that the predicate names, if it does. A remark noted under one takes the
    place of what was liked or used of it.
    """
    group = MANY.get(predicate)
    if group is not None:
        return f"{group}:{value.casefold()}"
    if kind is None:
        return predicate
    return f"use:{predicate}" if kind == "effect" else f"taste:{predicate}"


def is_about(name: str, *, predicate: str, value: str, slot: str) -> bool:
    """Whether a fact is what somebody means by that name: what it says, of what, or what sort it is of."""
    return name in (predicate, value.casefold(), *slot.split(":"))


@dataclass(frozen=True)
class Assertion:
    """What is stated. value: empty where a predicate of one value holds no longer, whatever it was."""

    predicate: str
    value: str
    subject: str = ABOUT_THEMSELVES
    holds: bool = True
    confidence: float = 1.0
    origin: Origin = Origin.CUSTOMER

    @property
    def slot(self) -> str:
        return slot_of(self.predicate, self.value)


@dataclass(frozen=True)
class RecordedAssertion:
    """An assertion as it was made."""

    id: str
    customer_id: str
    assertion: Assertion
    source: str | None
    """The turn in which it was made."""
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class Fact:
    """What held from one statement until another took its place."""

    id: str
    """That of the first statement of it."""
    customer_id: str
    subject: str
    predicate: str
    value: str
    source: str | None
    confidence: float
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    origin: Origin = Origin.CUSTOMER
    holds: bool = True
    """False for what was taken back."""
    said_at: datetime | None = field(default=None, compare=False)
    """When it was stated last."""


def timeline(statements: Iterable[RecordedAssertion]) -> list[Fact]:
    """The facts of one slot, one after the other; the last holds now.

    Of two readings of the same moment the surer one holds, and words hold against what behaviour suggests.
    """
    facts: list[Fact] = []
    for each in sorted(statements, key=lambda each: (each.at, each.assertion.confidence, each.recorded_at)):
        known = facts[-1] if facts else None
        if known is None:
            facts.append(_fact(each))
        elif _leaves(known, each.assertion):
            continue
        elif _says(known) == _says(_fact(each)):
            facts[-1] = replace(
                known,
                confidence=max(known.confidence, each.assertion.confidence),
                origin=each.assertion.origin,
                said_at=each.at,
            )
        else:
            facts[-1] = replace(known, valid_to=each.at)
            facts.append(_fact(each))
    return facts


def _leaves(known: Fact, assertion: Assertion) -> bool:
    """Whether the assertion is ignored: a guess against words, or another value that is denied."""
    is_guess = known.origin is Origin.CUSTOMER and assertion.origin is Origin.BEHAVIOUR
    denied = not assertion.holds and assertion.value != ""
    return is_guess or (denied and assertion.value.casefold() != known.value.casefold())


def _fact(statement: RecordedAssertion) -> Fact:
    assertion = statement.assertion
    return Fact(
        id=statement.id,
        customer_id=statement.customer_id,
        subject=assertion.subject,
        predicate=assertion.predicate,
        value=assertion.value,
        source=statement.source,
        confidence=assertion.confidence,
        valid_from=statement.at,
        valid_to=None,
        recorded_at=statement.recorded_at,
        origin=assertion.origin,
        holds=assertion.holds,
        said_at=statement.at,
    )


def _says(fact: Fact) -> tuple[str, str, bool]:
    return fact.predicate, fact.value.casefold(), fact.holds
