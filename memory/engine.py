"""Learn what was said in a turn, and give it back where it helps: each customer's own, and nobody else's."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import numpy as np

from foundation.clock import Calendar
from foundation.crypto import DataKeys
from foundation.errors import Conflict
from foundation.log import logger
from foundation.outbox import Outbox
from foundation.sql import Ledger
from memory.context import TURN_TOKENS, MemoryContext, RecalledTurn, fitting, tokens_of
from memory.embeddings import Encoder
from memory.enrichment.store import Understandings
from memory.facts import Fact, Facts
from memory.index.base import CLOSE, Match, TurnIndex, Turns
from memory.index.files import BlockFiles
from memory.index.local import LocalIndex
from memory.interactions import Interaction, InteractionEvents, Speaker
from memory.profiles import Profile, profile_of
from memory.store import MemoryStore, Pair, Stored

__all__ = ["Interaction", "MemoryContext", "MemoryEngine", "Profile", "RecalledTurn", "open_memory"]

RECENT_TURNS = 6
RECENT_TOKENS = 600
RELEVANT_TURNS = 6
EMBEDDED_CHARACTERS = {Speaker.CUSTOMER: 400, Speaker.SHOP: 100}
"""The head of what was said tells what it is about; word search covers the rest."""
LONGEST_QUESTION = 2_000
KEPT = timedelta(days=2 * 365)
EXPIRED_AT_ONCE = 100
ATTEMPTS = 20
"""Each failed one means that another turn of the same customer was learned meanwhile."""

Part = TypeVar("Part")
log = logger(__name__)


class StillLearning(Conflict):
    def __init__(self) -> None:
        super().__init__("Too many messages at once; please send the last one again.")


class AskedToForget(Conflict):
    def __init__(self) -> None:
        super().__init__("You asked us to forget you, so I keep nothing about you any more.")


class MemoryEngine:
    def __init__(
        self,
        ledger: Ledger,
        *,
        index: TurnIndex,
        embedder: Encoder,
        events: InteractionEvents,
        calendar: Calendar,
    ) -> None:
        self._ledger = ledger
        self._store = MemoryStore(ledger)
        self._facts = Facts(ledger, now=calendar.now)
        self._understandings = Understandings(ledger)
        self.index = index
        self._embedder = embedder
        self._events = events
        self._zone = calendar.zone
        self._now = calendar.now

    def learn(self, interaction: Interaction) -> bool:
        """Keep a turn, word for word; False when it is known already, or of somebody who was forgotten."""
        return self.learn_all([interaction]) == 1

    def learn_all(self, interactions: Sequence[Interaction]) -> int:
        """Keep many turns, all or none, each customer's in the given order; how many were new."""
        vectors = self._vectors(interactions)
        by_customer: defaultdict[str, dict[str, tuple[Interaction, Pair]]] = defaultdict(dict)
        for interaction, pair in zip(interactions, vectors, strict=True):
            by_customer[interaction.customer_id].setdefault(interaction.id, (interaction, pair))
        with self._ledger.transaction():
            return sum(self._append(who, by_customer[who]) for who in sorted(by_customer))

    def context(self, customer_id: str, message: str) -> MemoryContext:
        """What may help to answer the message; empty for somebody unknown.

        A part that fails is left out and named: an answer without memory is better than none.
        """
        parts = _Parts()
        version, profile = parts.read("profile", lambda: self._store.profile(customer_id), (0, Profile()))
        facts: Sequence[Fact] = parts.read("facts", lambda: self._facts.current(customer_id), ())
        turns = parts.read("past turns", lambda: self.index.open(customer_id), None)
        recent = fitting(turns.recent(RECENT_TURNS), tokens=RECENT_TOKENS) if turns else ()
        relevant: Sequence[RecalledTurn] = ()
        if turns and recent:
            search = partial(self._relevant, turns, message, besides=recent)
            relevant = parts.read("relevant turns", search, ())
        return MemoryContext(
            customer_id=customer_id,
            zone=self._zone,
            profile=profile,
            version=version,
            facts=tuple(facts),
            recent=tuple(recent),
            relevant=tuple(relevant),
            missing=tuple(parts.missing),
        )

    def recall(self, customer_id: str, question: str, *, limit: int = 5) -> list[RecalledTurn]:
        """The customer's own past turns that fit the question, the best first."""
        turns = self.index.open(customer_id)
        return self._search(turns, question, limit=limit) if turns.recent(1) else []

    def remember(self, customer_id: str, kind: str, value: str, *, source: str | None) -> Fact:
        """Note what the customer said of themselves, in place of what they said of it before."""
        if self._store.is_barred(customer_id):
            raise AskedToForget
        return self._facts.remember(customer_id, kind, value, source=source)

    def withdraw(self, customer_id: str, kind: str) -> Fact | None:
        """Take a note back; what it said, if there was one."""
        return self._facts.withdraw(customer_id, kind)

    def facts(self, customer_id: str, *, as_of: datetime | None = None) -> list[Fact]:
        """What the customer told us that holds now, or held at a moment."""
        return self._facts.as_of(customer_id, as_of) if as_of else self._facts.current(customer_id)

    def profile(self, customer_id: str) -> Profile:
        return self._store.profile(customer_id)[1]

    def rebuild(self, customer_id: str) -> Profile:
        """Make the profile again from the interactions, and keep it."""
        with self._ledger.transaction():
            for _ in range(ATTEMPTS):
                version, _known = self._store.profile(customer_id)
                interactions = [each.interaction for each in self._store.since(customer_id, 0)]
                profile = profile_of(interactions)
                if not version or self._store.write_profile(
                    customer_id, profile, version=version, expected=version
                ):
                    return profile
        raise StillLearning

    def expire(self) -> int:
        """Forget what is older than two years, a hundred customers at a time; of how many something went.

        What is left of a customer makes their profile anew.
        """
        moment, affected = self._now() - KEPT, 0
        self._facts.drop_before(moment)
        self._understandings.drop_before(moment)
        while customers := self._store.drop_before(moment, customers=EXPIRED_AT_ONCE):
            for customer_id in customers:
                if self._store.since(customer_id, 0):
                    self.rebuild(customer_id)
                else:
                    self._store.drop_profile(customer_id)
                self.index.erase(customer_id)
            affected += len(customers)
        return affected

    def _append(self, customer_id: str, given: Mapping[str, tuple[Interaction, Pair]]) -> int:
        for _ in range(ATTEMPTS):
            standing = self._store.standing(customer_id, among=given)
            if standing.is_barred:
                return 0
            fresh = [pair for turn_id, pair in given.items() if turn_id not in standing.known]
            if not fresh:
                return 0
            version = standing.version + len(fresh)
            profile = profile_of((each for each, _ in fresh), start=standing.profile)
            if self._store.write_profile(customer_id, profile, version=version, expected=standing.version):
                positions = range(standing.version + 1, version + 1)
                self._store.add([Stored(at, *each) for at, each in zip(positions, fresh, strict=True)])
                for interaction, _ in fresh:
                    self._events.announce(interaction)
                return len(fresh)
        raise StillLearning

    def _vectors(self, interactions: Sequence[Interaction]) -> Sequence[Pair]:
        texts = [
            each.spoken(speaker)[: EMBEDDED_CHARACTERS[speaker]]
            for each in interactions
            for speaker in Speaker
        ]
        vectors = self._embedder.encode(texts).astype(np.float16)
        return [vectors[row : row + 2] for row in range(0, len(texts), 2)]

    def _relevant(
        self, turns: Turns, message: str, *, besides: Sequence[Interaction]
    ) -> Sequence[RecalledTurn]:
        shown = {turn.id for turn in besides}
        found = self._search(turns, message, limit=RELEVANT_TURNS + len(shown))
        older = [each for each in found if each.interaction.id not in shown][:RELEVANT_TURNS]
        left = TURN_TOKENS - sum(map(tokens_of, besides))
        return older[: len(fitting([each.interaction for each in older], tokens=left))]

    def _search(self, turns: Turns, question: str, *, limit: int) -> list[RecalledTurn]:
        asked = question[:LONGEST_QUESTION]
        vector = self._embedder.encode([asked[: EMBEDDED_CHARACTERS[Speaker.CUSTOMER]]])[0]
        return [_recalled(match) for match in turns.search(asked, vector, limit=limit)]


class _Parts:
    """Reads that may fail one by one."""

    def __init__(self) -> None:
        self.missing: list[str] = []

    def read(self, name: str, read: Callable[[], Part], otherwise: Part) -> Part:
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - no failure of memory may cost the customer an answer
            log.warning("memory_part_missing", part=name, error=type(error).__name__)
            self.missing.append(name)
            return otherwise


def _recalled(match: Match) -> RecalledTurn:
    if match.shared:
        why = f"mentions {', '.join(match.shared)}"
    elif match.meaning >= CLOSE:
        why = "close in meaning"
    else:
        why = "next to a turn that fits"
    return RecalledTurn(match.interaction, match.speaker, match.score, why)


def open_memory(
    ledger: Ledger,
    *,
    embedder: Encoder,
    outbox: Outbox,
    data_keys: DataKeys,
    calendar: Calendar,
    files: BlockFiles | None = None,
) -> MemoryEngine:
    """The memory that needs nothing but the ledger: exact search in this process, begun from files if any."""
    index = LocalIndex(MemoryStore(ledger), zone=calendar.zone, files=files)
    events = InteractionEvents(outbox, data_keys)
    return MemoryEngine(ledger, index=index, embedder=embedder, events=events, calendar=calendar)
