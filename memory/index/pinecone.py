"""Turns found through Pinecone: a namespace for each customer, kept up from the ledger and never ahead of it.

Pinecone tells which turns are close in meaning; the ledger gives their words, and all that the index
is not known to hold yet, so that its delay is never seen. What it holds too much is not in the ledger
and so is never shown.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from zoneinfo import ZoneInfo

from memory.embeddings import Vectors
from memory.index.base import Match
from memory.index.block import SPEAKERS, Block
from memory.index.marks import Marks
from memory.index.namespaces import Line, Namespaces
from memory.interactions import Interaction
from memory.store import MemoryStore, Stored

CANDIDATES = 100
"""Lines asked for at each question; the ranking is over their turns and those beside them."""


@dataclass(frozen=True)
class Drift:
    """Where a namespace differs from the ledger, by line."""

    missing: frozenset[str]
    stray: frozenset[str]
    """Of turns that the ledger does not know any more."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.stray)


class PineconeIndex:
    """Opens a customer's turns for reading; one process brings the namespaces up, by `settle`."""

    def __init__(self, store: MemoryStore, *, marks: Marks, namespaces: Namespaces, zone: ZoneInfo) -> None:
        self._store = store
        self._marks = marks
        self._namespaces = namespaces
        self._zone = zone

    def open(self, customer_id: str) -> "RemoteTurns":
        mark = self._marks.position(customer_id)
        return RemoteTurns(
            latest=partial(self._store.latest, customer_id),
            at=partial(self._store.at, customer_id),
            nearest=partial(self._namespaces.nearest, customer_id, up_to=mark, limit=CANDIDATES),
            news=self._store.since(customer_id, mark + 1),
            block=Block(self._zone),
        )

    def erase(self, customer_id: str) -> None:
        self._namespaces.drop(customer_id)
        self._marks.remove(customer_id)

    def settle(self, customer_id: str) -> int:
        """Put what is missing into the namespace; how many turns are not seen there yet.

        The mark moves over what the index gives out, not over what it was sent: writes show late.
        """
        waiting = self._store.since(customer_id, self._marks.position(customer_id) + 1)
        seen = self._namespaces.seen(customer_id, [name for turn in waiting for name in names_of(turn)])
        arrived = list(takewhile(lambda turn: seen.issuperset(names_of(turn)), waiting))
        if arrived:
            self._marks.move(customer_id, arrived[-1].position)
        self._send(customer_id, [turn for turn in waiting if not seen.issuperset(names_of(turn))])
        return len(waiting) - len(arrived)

    def settle_all(self, *, customers: int) -> int:
        """The same for so many customers that are behind; how many there were."""
        behind = self._marks.behind(customers)
        for customer_id in behind:
            self.settle(customer_id)
        return len(behind)

    def drift(self, customer_id: str) -> Drift:
        """What is missing up to the mark, and what is there without a turn."""
        turns = self._store.since(customer_id, 0)
        mark = self._marks.position(customer_id)
        there = self._namespaces.names(customer_id)
        settled = {name for turn in turns if turn.position <= mark for name in names_of(turn)}
        known = {name for turn in turns for name in names_of(turn)}
        return Drift(frozenset(settled - there), frozenset(there - known))

    def repair(self, customer_id: str) -> Drift:
        """Take away what is too much and send what is missing again; what it was."""
        drift = self.drift(customer_id)
        if drift.stray:
            self._namespaces.remove(customer_id, sorted(drift.stray))
        if drift.missing:
            turns = self._store.since(customer_id, 0)
            first = next(turn for turn in turns if not drift.missing.isdisjoint(names_of(turn)))
            self._marks.move(customer_id, first.position - 1)
            self.settle(customer_id)
        return drift

    def _send(self, customer_id: str, turns: Sequence[Stored]) -> None:
        lines = [
            Line(name, vector, turn.position, str(speaker))
            for turn in turns
            for name, speaker, vector in zip(names_of(turn), SPEAKERS, turn.vectors, strict=True)
        ]
        self._namespaces.put(customer_id, lines)
        if turns and self._store.is_barred(customer_id):
            self.erase(customer_id)


@dataclass(frozen=True)
class RemoteTurns:
    """The past of one customer as the ledger and the index together know it."""

    latest: Callable[[int], list[Interaction]]
    at: Callable[[Collection[int]], list[Stored]]
    nearest: Callable[[Vectors], set[int]]
    news: Sequence[Stored]
    """Turns that the index is not known to hold."""
    block: Block

    def recent(self, limit: int) -> list[Interaction]:
        return self.latest(limit)

    def search(self, question: str, vector: Vectors, *, limit: int) -> Sequence[Match]:
        """By meaning among all turns, by words among those that are close or new.

        Raises:
            IndexSilent: Pinecone does not answer.
        """
        near = self.nearest(vector)
        beside = {place for position in near for place in (position - 1, position, position + 1)}
        self.block.extend(self.at(beside - {turn.position for turn in self.news}) if beside else [])
        self.block.extend(self.news)
        return self.block.search(question, vector, limit=limit)


def names_of(turn: Stored) -> tuple[str, ...]:
    """What its lines are called in the index."""
    return tuple(f"{turn.interaction.id}#{speaker}" for speaker in SPEAKERS)
