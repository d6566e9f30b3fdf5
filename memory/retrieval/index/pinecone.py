"""Turns found through Pinecone: a namespace for each customer, kept up from the ledger and never ahead of it.

The index has to be used for nothing else: a namespace of nobody whom the ledger knows is dropped.

Pinecone tells which turns are close in meaning; the ledger gives their words, and all that the index
is not known to hold yet, so that its delay is never seen. What it holds too much is not in the ledger
and so is never shown.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from zoneinfo import ZoneInfo

from foundation.resilience import one_by_one
from foundation.settings import PineconeSettings
from foundation.sql import Ledger
from memory.conversations.models import Interaction
from memory.conversations.store import ConversationStore, Stored
from memory.embeddings import Vectors
from memory.profiles.store import ProfileStore
from memory.retrieval.index.base import Match, fingerprint
from memory.retrieval.index.block import SPEAKERS, Block
from memory.retrieval.index.namespaces import Line, Namespaces, open_namespaces
from memory.retrieval.index.watermarks import Extent, Marks

CANDIDATES = 100
"""Lines asked for at each question; the ranking is over their turns and those beside them."""
OURS = "turns-"


@dataclass(frozen=True)
class Drift:
    """Where a namespace differs from the ledger, by line."""

    missing: frozenset[str]
    stray: frozenset[str]
    """Of turns that the ledger does not know any more."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.stray)


@dataclass(frozen=True)
class Audit:
    """Where the index as a whole cannot be right, by the sizes of its namespaces."""

    differing: Sequence[str]
    """Customers."""
    strays: Sequence[str]
    """Namespaces of no known customer."""


class PineconeIndex:
    """Opens a customer's turns for reading; one process brings the namespaces up, by `settle`."""

    def __init__(
        self,
        conversations: ConversationStore,
        profiles: ProfileStore,
        *,
        marks: Marks,
        namespaces: Namespaces,
        zone: ZoneInfo,
    ) -> None:
        self._conversations = conversations
        self._profiles = profiles
        self._marks = marks
        self._namespaces = namespaces
        self._zone = zone

    def open(self, customer_id: str) -> "RemoteTurns":
        mark = self._marks.position(customer_id)
        nearest = partial(self._namespaces.nearest, namespace_of(customer_id), up_to=mark, limit=CANDIDATES)
        return RemoteTurns(
            latest=partial(self._conversations.latest, customer_id),
            at=partial(self._conversations.at, customer_id),
            nearest=nearest,
            news=self._conversations.since(customer_id, mark + 1),
            block=Block(self._zone),
        )

    def erase(self, customer_id: str) -> None:
        self._namespaces.drop(namespace_of(customer_id))
        self._marks.remove(customer_id)

    def left(self, customer_id: str) -> int:
        return len(self._namespaces.some(namespace_of(customer_id)))

    def close(self) -> None:
        self._namespaces.close()

    def settle(self, customer_id: str) -> int:
        """Put a page of what is missing into the namespace; how many turns of it are not seen there yet.

        The mark moves over what the index gives out, not over what it was sent: writes show late.
        """
        waiting = next(self._conversations.pages(customer_id, self._marks.position(customer_id) + 1), [])
        names = [name for turn in waiting for name in names_of(turn)]
        seen = self._namespaces.seen(namespace_of(customer_id), names)
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
        mark = self._marks.position(customer_id)
        there = self._namespaces.names(namespace_of(customer_id))
        missing, known = set(), set()
        for page in self._conversations.pages(customer_id, 0):
            for turn in page:
                known |= set(names_of(turn))
                missing |= set(names_of(turn)) - there if turn.position <= mark else set()
        return Drift(frozenset(missing), frozenset(there - known))

    def repair(self, customer_id: str) -> Drift:
        """Take away what is too much and send what is missing again; what it was."""
        drift = self.drift(customer_id)
        if drift.stray:
            self._namespaces.remove(namespace_of(customer_id), sorted(drift.stray))
        if drift.missing:
            turns = (turn for page in self._conversations.pages(customer_id, 0) for turn in page)
            first = next(turn for turn in turns if not drift.missing.isdisjoint(names_of(turn)))
            self._marks.move(customer_id, first.position - 1)
            self.settle(customer_id)
        return drift

    def audit(self) -> Audit:
        """Of all customers by two questions; a namespace may hold more than is known to be there."""
        sizes = self._namespaces.sizes()
        extents = self._marks.extents()
        theirs = {namespace_of(each.customer_id) for each in extents}
        return Audit(
            differing=[each.customer_id for each in extents if not _is_right(each, sizes)],
            strays=[name for name in sizes if name.startswith(OURS) and name not in theirs],
        )

    def repair_all(self) -> int:
        """Whatever the audit finds; how much that was."""
        found = self.audit()
        for namespace in found.strays:
            self._namespaces.drop(namespace)
        return len(found.strays) + one_by_one(self.repair, found.differing, failed="repair_failed")

    def _send(self, customer_id: str, turns: Sequence[Stored]) -> None:
        lines = [
            Line(name, vector, turn.position, str(speaker))
            for turn in turns
            for name, speaker, vector in zip(names_of(turn), SPEAKERS, turn.vectors, strict=True)
        ]
        self._namespaces.put(namespace_of(customer_id), lines)
        if turns and self._profiles.is_barred(customer_id):
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


def open_pinecone(settings: PineconeSettings, ledger: Ledger, *, zone: ZoneInfo) -> PineconeIndex:
    namespaces = open_namespaces(settings.host, settings.api_key.get_secret_value())
    conversations, profiles = ConversationStore(ledger), ProfileStore(ledger)
    return PineconeIndex(conversations, profiles, marks=Marks(ledger), namespaces=namespaces, zone=zone)


def names_of(turn: Stored) -> tuple[str, ...]:
    """What its lines are called in the index."""
    return tuple(f"{fingerprint(turn.interaction.id)}#{speaker}" for speaker in SPEAKERS)


def namespace_of(customer_id: str) -> str:
    return OURS + fingerprint(customer_id)


def _is_right(extent: Extent, sizes: Mapping[str, int]) -> bool:
    lines = sizes.get(namespace_of(extent.customer_id), 0)
    return extent.seen <= lines / len(SPEAKERS) <= extent.turns
