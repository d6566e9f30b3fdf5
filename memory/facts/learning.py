"""Keep what customers state in their turns, and what a language model finds in them later."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from foundation.text.normalise import plain
from memory.conversations.models import Interaction
from memory.facts.models import Assertion, Fact, Origin
from memory.facts.reader import AssertionReader
from memory.facts.store import LONGEST_PREDICATE, LONGEST_VALUE, Facts

WORD = re.compile(r"[^\W_]+")
MOST_CONFIDENT = 0.95
"""The most confidence that an extractor's finding gets: it interprets, as the rules do."""


class FactExtractor(Protocol):
    """Reads a turn again with more time, such as a language model in a job of its own."""

    def extract(
        self, turn: Interaction, *, read: Sequence[Assertion], known: Sequence[Fact]
    ) -> Sequence[Assertion]:
        """What the customer asserts in the turn.

        read: what the rules read in it; an assertion of the same slot replaces it if it is more confident,
        and one that does not hold retracts it. known: what held when it was asked.
        """


class FactLearning:
    def __init__(self, reader: AssertionReader, facts: Facts) -> None:
        self._reader = reader
        self._facts = facts

    def learn(self, turn: Interaction) -> list[Fact]:
        return self.keep(turn, self.read(turn))

    def read(self, turn: Interaction) -> list[Assertion]:
        """Only the customer's words are read: what we said is no statement of theirs."""
        return self._reader.read(turn.message)

    def read_again(self, turn: Interaction, extractor: FactExtractor) -> list[Assertion]:
        """What the extractor finds in the turn, in our vocabulary; without what the customer did not say."""
        read = self.read(turn)
        found = extractor.extract(turn, read=read, known=self._facts.current(turn.customer_id))
        grounded = [assertion for assertion in found if is_grounded(assertion, turn.message, read=read)]
        return [self._reader.in_our_words(_bounded(assertion)) for assertion in grounded]

    def keep(self, turn: Interaction, assertions: Sequence[Assertion]) -> list[Fact]:
        """Once, however often it is done."""
        return self._facts.record(turn.customer_id, assertions, source=turn.id, at=turn.at)


def is_grounded(assertion: Assertion, message: str, *, read: Sequence[Assertion]) -> bool:
    """Whether the value occurs in the customer's own words, or was read from them before."""
    if not 0 < len(assertion.predicate) <= LONGEST_PREDICATE or len(assertion.value) > LONGEST_VALUE:
        return False
    said = set(WORD.findall(plain(message)))
    words = set(WORD.findall(plain(assertion.value)))
    was_read = any((each.subject, each.slot) == (assertion.subject, assertion.slot) for each in read)
    return (bool(words) and words <= said) or (was_read and not assertion.holds)


def _bounded(assertion: Assertion) -> Assertion:
    return replace(assertion, confidence=min(assertion.confidence, MOST_CONFIDENT), origin=Origin.CUSTOMER)
