"""Learn the turns of each customer, and recall them for that customer only."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy.exc import IntegrityError

from foundation.clock import Calendar
from foundation.crypto import DataKeys
from foundation.errors import Conflict
from foundation.outbox import Outbox
from foundation.sql import Ledger
from memory.context.builder import Composer, Sources
from memory.context.models import TURN_TOKENS, Depth, MemoryContext, RecalledTurn
from memory.context.recall import EMBEDDED_CHARACTERS, TurnRecall
from memory.conversations.models import Interaction, Speaker
from memory.conversations.store import ConversationStore, Pair, Stored
from memory.embeddings import Encoder
from memory.events import MemoryEvents
from memory.facts.models import Assertion
from memory.facts.store import Fact, Facts
from memory.ports import NO_TERMS, ShopTerms
from memory.profiles.models import Profile, profile_of
from memory.profiles.store import ProfileStore
from memory.retrieval.index.local import LocalIndex
from memory.understanding.store import Understandings

__all__ = ["Interaction", "MemoryContext", "MemoryEngine", "Profile", "RecalledTurn", "open_memory"]

KEPT = timedelta(days=2 * 365)
EXPIRED_AT_ONCE = 100
ATTEMPTS = 20
"""Each failure means that another turn of the same customer was learned concurrently."""

Read = Callable[[str], Sequence[Assertion]]


def nothing_read(_remark: str) -> Sequence[Assertion]:
    return ()


@dataclass(frozen=True)
class Remarks:
    """What a remark of a customer states, and the terms of the shop that it may be noted under."""

    read: Read = nothing_read
    terms: ShopTerms = NO_TERMS


class StillLearning(Conflict):
    def __init__(self) -> None:
        super().__init__("Too many messages at once; please send the last one again.")


class AskedToForget(Conflict):
    def __init__(self) -> None:
        super().__init__("You asked us to forget you, so I keep nothing about you any more.")


class InteractionConflict(Conflict):
    def __init__(self, interaction_id: str | None = None) -> None:
        details = {} if interaction_id is None else {"interaction_id": interaction_id}
        super().__init__("Another interaction has been recorded under this id.", details)


class MemoryEngine:
    def __init__(
        self,
        ledger: Ledger,
        *,
        recall: TurnRecall,
        events: MemoryEvents,
        calendar: Calendar,
        remarks: Remarks | None = None,
        sources: Sources | None = None,
    ) -> None:
        """sources: without them every context is brief."""
        known = remarks or Remarks()
        self._ledger = ledger
        self._conversations = ConversationStore(ledger)
        self._profiles = ProfileStore(ledger)
        self._facts = Facts(ledger, now=calendar.now, terms=known.terms)
        self._topics = known.terms.topics
        self._understandings = Understandings(ledger)
        self.index = recall.index
        self._recall = recall
        self._composer = Composer(self._profiles, self._facts, recall, zone=calendar.zone, sources=sources)
        self._events = events
        self._zone = calendar.zone
        self._now = calendar.now
        self._read = known.read

    def learn(self, interaction: Interaction) -> bool:
        """Store a turn verbatim; False when it is known already, or of an erased customer."""
        return self.learn_all([interaction]) == 1

    def learn_all(self, interactions: Sequence[Interaction]) -> int:
        """Keep many turns, all or none, each customer's in the given order; how many were new."""
        return self._keep(interactions, self._vectors(interactions))

    def record(self, interactions: Sequence[Interaction]) -> int:
        """Keep turns of which we are details, all or none, in any order; how many were new.

        Raises:
            InteractionConflict: when another turn is known by the id of one of them.
        """
        known = self._known_alike(interactions)
        fresh = [each for each in interactions if each.id not in known]
        vectors = self._vectors(fresh)
        with self._ledger.transaction():
            try:
                learned = self._keep(fresh, vectors)
            except IntegrityError as clash:
                raise InteractionConflict from clash
            self._known_alike(fresh)
        return learned

    def context(
        self, customer_id: str, message: str, *, depth: Depth = Depth.BRIEF, tokens: int = TURN_TOKENS
    ) -> MemoryContext:
        """What may help to answer the message; empty for an unknown customer. tokens: for past turns.

        A part that fails is left out and named: an answer without memory is better than none.
        """
        return self._composer.compose(customer_id, message, depth=depth, tokens=tokens)

    def recall(self, customer_id: str, question: str, *, limit: int = 5) -> list[RecalledTurn]:
        """The customer's own past turns that fit the question, the best first."""
        turns = self.index.open(customer_id)
        return self._recall.search(turns, question, limit=limit) if turns.recent(1) else []

    def latest(self, customer_id: str, limit: int) -> list[Interaction]:
        """The customer's last turns, the newest first."""
        return self._conversations.latest(customer_id, limit)

    def remember(self, customer_id: str, kind: str, value: str, *, source: str | None) -> Fact:
        """Note what the customer said of themselves, in place of what they said of it before."""
        if self._profiles.is_barred(customer_id):
            raise AskedToForget
        return self._facts.note(customer_id, kind, value, read=self._read(value), source=source)

    def withdraw(self, customer_id: str, kind: str) -> Fact | None:
        """Take a note back; what it said, if there was one."""
        return self._facts.withdraw(customer_id, kind)

    def facts(self, customer_id: str, *, as_of: datetime | None = None) -> list[Fact]:
        """What the customer details us that holds now, or held at a moment."""
        return self._facts.as_of(customer_id, as_of) if as_of else self._facts.current(customer_id)

    def fact_history(self, customer_id: str) -> list[Fact]:
        """Whatever held or was taken back, the earliest first of each predicate."""
        return self._facts.history(customer_id)

    def profile(self, customer_id: str) -> Profile:
        return self._profiles.read(customer_id)[1]

    def rebuild(self, customer_id: str) -> Profile:
        """Make the profile again from the interactions and what was understood of them, and keep it."""
        with self._ledger.transaction():
            is_known = self._profiles.locked(customer_id) is not None
            interactions = [each.interaction for each in self._conversations.since(customer_id, 0)]
            profile = profile_of(
                interactions, understood=self._understandings.of(customer_id), topics=self._topics
            )
            if is_known:
                self._profiles.keep(customer_id, profile)
        return profile

    def expire(self) -> int:
        """Forget what is older than two years, a hundred customers at a time; of how many something went.

        What is left of a customer makes their profile anew.
        """
        moment, affected = self._now() - KEPT, 0
        self._facts.drop_before(moment)
        self._understandings.drop_before(moment)
        while customers := self._conversations.drop_before(moment, customers=EXPIRED_AT_ONCE):
            for customer_id in customers:
                if self._conversations.since(customer_id, 0):
                    self.rebuild(customer_id)
                else:
                    self._profiles.drop(customer_id)
                self.index.erase(customer_id)
            affected += len(customers)
        return affected

    def _known_alike(self, interactions: Sequence[Interaction]) -> set[str]:
        known = {
            each.interaction.id: each.interaction for each in self._conversations.find(_ids(interactions))
        }
        for each in interactions:
            if known.get(each.id, each) != each:
                raise InteractionConflict(each.id)
        return set(known)

    def _keep(self, interactions: Sequence[Interaction], vectors: Sequence[Pair]) -> int:
        by_customer: defaultdict[str, dict[str, tuple[Interaction, Pair]]] = defaultdict(dict)
        for interaction, pair in zip(interactions, vectors, strict=True):
            by_customer[interaction.customer_id].setdefault(interaction.id, (interaction, pair))
        with self._ledger.transaction():
            return sum(self._append(who, by_customer[who]) for who in sorted(by_customer))

    def _append(self, customer_id: str, given: Mapping[str, tuple[Interaction, Pair]]) -> int:
        for _ in range(ATTEMPTS):
            progress = self._profiles.progress(customer_id, among=given)
            if progress.is_barred:
                return 0
            fresh = [pair for turn_id, pair in given.items() if turn_id not in progress.known]
            if not fresh:
                return 0
            version = progress.version + len(fresh)
            profile = profile_of((each for each, _ in fresh), start=progress.profile, topics=self._topics)
            if self._profiles.write(customer_id, profile, version=version, expected=progress.version):
                positions = range(progress.version + 1, version + 1)
                self._conversations.add(
                    [Stored(at, *each) for at, each in zip(positions, fresh, strict=True)]
                )
                for interaction, _ in fresh:
                    self._events.learned(interaction)
                return len(fresh)
        raise StillLearning

    def _vectors(self, interactions: Sequence[Interaction]) -> Sequence[Pair]:
        texts = [
            each.spoken(speaker)[: EMBEDDED_CHARACTERS[speaker]]
            for each in interactions
            for speaker in Speaker
        ]
        vectors = self._recall.embedder.encode(texts).astype(np.float16)
        return [vectors[row : row + 2] for row in range(0, len(texts), 2)]


def _ids(interactions: Sequence[Interaction]) -> list[str]:
    return [each.id for each in interactions]


def open_memory(
    ledger: Ledger,
    *,
    embedder: Encoder,
    outbox: Outbox,
    data_keys: DataKeys,
    calendar: Calendar,
    terms: ShopTerms = NO_TERMS,
) -> MemoryEngine:
    """The memory that needs nothing but the ledger: exact search in this process, brief contexts."""
    index = LocalIndex(ConversationStore(ledger), zone=calendar.zone)
    events = MemoryEvents(outbox, data_keys, now=calendar.now)
    recall, remarks = TurnRecall(index, embedder), Remarks(terms=terms)
    return MemoryEngine(ledger, recall=recall, events=events, calendar=calendar, remarks=remarks)
