"""Read what a customer states in a message, in rules first, and by meaning where no rule reads it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from foundation.text.numerals import value_said
from memory.facts.clauses import RELATION_OF, Clause, clauses
from memory.facts.meaning import TASTED
from memory.facts.models import Assertion
from memory.facts.rules import SURE, Reading, readings
from memory.facts.values import FOODS, LEAST_BUDGET_CENTS, PLACE, WORD, budgets, diet, dollars, one
from memory.ports import ShopName
from memory.understanding.entities import Entities
from memory.understanding.models import Entity

ALLERGY = "allergic to"
LEADING = 4
"""Words before the thing that somebody speaks of; what comes later is another."""
STOP = re.compile(
    r"\s*(?:[,;(]|\b(?:and (?:i|my|it|so)|but|so|because|since|if|when|unless|please|thanks|btw|by the way"
    r"|now|after all|anyway|in fact|actually|too|as well|either|at all|any ?more"
    r"|though|over|than|instead|for (?:me|my)|in (?:it|them)|these days"
    r"|last|lol|tbh|honestly|lately|y (?:no|me)|pero|por favor|gracias|ahora|hace)\b).*",
    re.I | re.S,
)
ARTICLE = re.compile(
    r"^(?:(?:a|an|the|any|all|some|both|most|my|those|these|los|las|el|la|al|lo|un|una)\s+)+", re.I
)
CONNECTED = re.compile(r"\s*(?:,|and|or|y|o|&|/|the|any|flavou?rs?|ones?|los|las|\s)*\s*", re.I)
GENERIC = frozenset(
    "anything anyone something everything nothing it that this them things stuff nada algo".split()
)
LONGEST_FOOD = 3
NO_PLACE = frozenset("the a an my this that fear peace hope la el un una".split())

NAMED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("likes", "dislikes"), TASTED),
    **{f"preferred {kind}": (kind,) for kind in TASTED},
    "uses for": ("effect",),
}
"""The kinds of the shop's things that a predicate speaks of."""
WORDED: Mapping[str, Callable[[str], str | None]] = {
    ALLERGY: lambda words: one(ARTICLE.sub("", words)),
    "diet": diet,
    "budget": lambda words: next(budgets(words), None),
    "shops for": RELATION_OF.get,
}
"""How the value of another predicate is written."""


class Meaning(Protocol):
    """Reads a clause that no rule reads."""

    def read(self, clause: Clause, things: Sequence[ShopName]) -> Sequence[Assertion]: ...


class AssertionReader:
    def __init__(self, entities: Entities, meaning: Meaning) -> None:
        self._entities = entities
        self._meaning = meaning

    def read(self, message: str) -> list[Assertion]:
        """What the customer asserts, the last of each slot. Only pass the customer's words, never ours."""
        assertions: dict[tuple[str, str], Assertion] = {}
        for clause in clauses(message):
            for assertion in self._of(clause):
                assertions.pop((assertion.subject, assertion.slot), None)
                assertions[assertion.subject, assertion.slot] = assertion
        return list(assertions.values())

    def in_our_words(self, assertion: Assertion) -> Assertion:
        """An assertion of another reader, in the vocabulary of this one."""
        value = assertion.value.lower()
        kinds = NAMED.get(assertion.predicate, ())
        named = (name.short for name, _ in self._entities.things(value) if name.kind in kinds)
        worded = next(named, None) or WORDED.get(assertion.predicate, str)(value)
        return assertion if worded in (None, value) else replace(assertion, value=worded)

    def _of(self, clause: Clause) -> list[Assertion]:
        found: dict[tuple[str, str], Assertion] = {}
        for reading in readings(clause):
            for assertion in self._assertions(reading):
                known = found.get((assertion.subject, assertion.slot))
                if known is None or (assertion.holds and not known.holds):
                    found[assertion.subject, assertion.slot] = assertion
        if found:
            return list(found.values())
        things = [name for name, _ in self._entities.things(clause.text)]
        return list(self._meaning.read(clause, things))

    def _assertions(self, reading: Reading) -> Iterator[Assertion]:
        rule = reading.rule
        read: Mapping[str, Callable[[Reading], Iterator[tuple[str, str]]]] = {
            "food": _foods,
            "liked": self._liked,
            "effect": self._effects,
            "place": _places,
            "money": _money,
            "relation": _relations,
            "": _said,
            "nothing": _said,
        }
        for predicate, value in read[rule.reads](reading):
            yield Assertion(
                predicate,
                value,
                subject=reading.subject,
                holds=rule.holds,
                confidence=rule.confidence,
            )

    def _liked(self, reading: Reading) -> Iterator[tuple[str, str]]:
        words = STOP.sub("", reading.words)
        things = [each for each in self._entities.things(words) if each[0].kind in TASTED]
        for name in _spoken_of(words, things):
            yield reading.rule.predicate.format(kind=name.kind), name.short

    def _effects(self, reading: Reading) -> Iterator[tuple[str, str]]:
        words = STOP.sub("", reading.words)
        effects = [each for each in self._entities.things(words) if each[0].kind == "effect"]
        for name in _spoken_of(words, effects):
            yield reading.rule.predicate, name.name


def _spoken_of(words: str, things: Sequence[tuple[ShopName, Entity]]) -> list[ShopName]:
    """The thing that the words begin with, and those that are listed with it."""
    spoken: list[ShopName] = []
    end = 0
    for name, entity in things:
        before = words[end : entity.start]
        if spoken and not CONNECTED.fullmatch(before):
            break
        leading = [word for word in WORD.findall(before.lower()) if word not in GENERIC]
        if not spoken and (len(leading) >= LEADING or any(word.endswith("ing") for word in leading)):
            break
        if name not in spoken:
            spoken.append(name)
        end = entity.end
    return spoken


def _foods(reading: Reading) -> Iterator[tuple[str, str]]:
    for part in re.split(r",|\band\b|\bor\b|\by\b|&", STOP.sub("", reading.words)):
        words = ARTICLE.sub("", part.strip().lower())
        meant = diet(words)
        if reading.rule.predicate == "diet":
            if meant is not None:
                yield "diet", meant
        elif meant is not None and reading.rule.confidence < SURE:
            yield "diet", meant
        elif _is_food(words, reading):
            yield ALLERGY, one(words)


def _is_food(words: str, reading: Reading) -> bool:
    """Whatever somebody is allergic to; of what only does not agree with them, what is food."""
    is_named = 0 < len(words.split()) <= LONGEST_FOOD and words not in GENERIC
    return is_named and (reading.rule.confidence >= SURE or one(words) in FOODS)


def _places(reading: Reading) -> Iterator[tuple[str, str]]:
    found = PLACE.match(reading.words)
    if found is not None:
        yield reading.rule.predicate, found[0].strip(" .,")
        return
    words = WORD.findall(STOP.sub("", reading.words))[:2]
    if words and words[0].lower() not in NO_PLACE:
        yield reading.rule.predicate, " ".join(words).title()


def _money(reading: Reading) -> Iterator[tuple[str, str]]:
    cents = int(100 * value_said(reading.words))
    if cents >= LEAST_BUDGET_CENTS:
        yield reading.rule.predicate, dollars(cents)


def _relations(reading: Reading) -> Iterator[tuple[str, str]]:
    yield reading.rule.predicate, RELATION_OF[reading.words.lower()]


def _said(reading: Reading) -> Iterator[tuple[str, str]]:
    yield reading.rule.predicate, reading.rule.value
