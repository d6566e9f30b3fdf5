"""Keep what customers state in their turns, and what a language model finds in them later."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from foundation.text.normalise import plain
from memory.conversations.models import Interaction
from memory.facts.models import Claim, Fact, Origin
from memory.facts.reader import StatementReader
from memory.facts.store import LONGEST_PREDICATE, LONGEST_VALUE, Facts

WORD = re.compile(r"[^\W_]+")
MOST_CONFIDENT = 0.95
"""The most confidence that an extractor's finding gets: it interprets, as the rules do."""


class FactExtractor(Protocol):
    """Reads a turn again with more time, such as a language model in a job of its own."""

    def extract(self, turn: Interaction, *, read: Sequence[Claim], known: Sequence[Fact]) -> Sequence[Claim]:
        """What the customer claims in the turn.

        read: what was read of it at once; a claim of the same slot takes its place where it is surer, and
        one that does not hold takes it back. known: what held when it was asked.
        """


class FactLearning:
    def __init__(self, reader: StatementReader, facts: Facts) -> None:
        self._reader = reader
        self._facts = facts

    def learn(self, turn: Interaction) -> list[Fact]:
        return self.keep(turn, self.read(turn))

    def read(self, turn: Interaction) -> list[Claim]:
        """Only the customer's words are read: what we said is no statement of theirs."""
        return self._reader.read(turn.message)

    def read_again(self, turn: Interaction, extractor: FactExtractor) -> list[Claim]:
        """What the extractor finds in the turn, in our vocabulary; without what the customer did not say."""
        read = self.read(turn)
        found = extractor.extract(turn, read=read, known=self._facts.current(turn.customer_id))
        grounded = [claim for claim in found if is_grounded(claim, turn.message, read=read)]
        return [self._reader.in_our_words(_bounded(claim)) for claim in grounded]

    def keep(self, turn: Interaction, claims: Sequence[Claim]) -> list[Fact]:
        """Once, however often it is done."""
        return self._facts.tell(turn.customer_id, claims, source=turn.id, at=turn.at)


def is_grounded(claim: Claim, message: str, *, read: Sequence[Claim]) -> bool:
    """Whether the value stands in the customer's own words, or was read from them before."""
    if not 0 < len(claim.predicate) <= LONGEST_PREDICATE or len(claim.value) > LONGEST_VALUE:
        return False
    said = set(WORD.findall(plain(message)))
    words = set(WORD.findall(plain(claim.value)))
    was_read = any((each.subject, each.slot) == (claim.subject, claim.slot) for each in read)
    return (bool(words) and words <= said) or (was_read and not claim.holds)


def _bounded(claim: Claim) -> Claim:
    return replace(claim, confidence=min(claim.confidence, MOST_CONFIDENT), origin=Origin.CUSTOMER)
