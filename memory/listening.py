"""After a turn: understand what was said in it, and keep the facts that the customer stated.

It hears of each turn from the outbox, so no customer waits for it; the vector that the turn was kept
with serves again.
"""

from collections.abc import Callable, Sequence

from foundation.clock import Calendar
from foundation.outbox import Event, Subscriber, Subscription
from foundation.sql import Ledger
from memory.enrichment.service import Enrichment, Heard
from memory.enrichment.store import Understandings
from memory.interactions import TOPIC
from memory.learning import FactLearning
from memory.store import MemoryStore

SUBSCRIPTION = Subscription("memory", frozenset({TOPIC}))
AT_ONCE = 50


class Listening:
    def __init__(
        self,
        ledger: Ledger,
        enrichment: Callable[[], Enrichment],
        learning: Callable[[], FactLearning],
        *,
        calendar: Calendar,
    ) -> None:
        """Both are made when the first turn is heard: the one takes seconds to learn the shop's intents."""
        self._store = MemoryStore(ledger)
        self._understandings = Understandings(ledger)
        self._enrichment = enrichment
        self._learning = learning
        self._calendar = calendar

    def subscriber(self) -> Subscriber:
        return Subscriber(SUBSCRIPTION, self.hear, batch_rows=AT_ONCE)

    def hear(self, events: Sequence[Event]) -> None:
        """A turn that is gone meanwhile was of somebody who was forgotten."""
        stored = self._store.find([event.payload["interaction_id"] for event in events])
        if not stored:
            return
        heard = [
            Heard(
                each.interaction.message,
                self._calendar.day(each.interaction.at),
                each.vectors[0].astype("float32"),
            )
            for each in stored
        ]
        turns = [each.interaction for each in stored]
        understood = self._enrichment().understand(heard)
        self._understandings.keep(dict(zip(turns, understood, strict=True)))
        for turn in turns:
            self._learning().learn(turn)
