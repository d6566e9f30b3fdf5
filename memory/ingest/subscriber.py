"""After a turn: understand what was said in it, and keep the facts that the customer stated.

It gets each turn from the outbox, so no customer waits for it; the vector that was stored with the
turn is used again.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

from foundation.clock import Calendar
from foundation.outbox import Decoder, Event, Subscriber, Subscription
from foundation.sql import Ledger
from memory.conversations.events import InteractionRow
from memory.conversations.models import Interaction
from memory.conversations.store import ConversationStore, Stored
from memory.customer_view.service import CustomerViews
from memory.events import MemoryEvents
from memory.facts.learning import FactLearning
from memory.facts.models import Assertion
from memory.profiles.models import Profile
from memory.profiles.store import ProfileStore
from memory.understanding.models import Understanding
from memory.understanding.service import Enrichment, Heard
from memory.understanding.store import Understandings

SUBSCRIPTION = Subscription("memory", frozenset({InteractionRow.topic}))
AT_ONCE = 50


@dataclass(frozen=True)
class Extractors:
    """What a turn is understood with; each is built at the first turn, which takes seconds."""

    enrichment: Callable[[], Enrichment]
    learning: Callable[[], FactLearning]


@dataclass(frozen=True)
class _Extracted:
    turn: Interaction
    understood: Understanding
    assertions: Sequence[Assertion]


class TurnSubscriber:
    def __init__(
        self,
        ledger: Ledger,
        subscribers: Extractors,
        events: MemoryEvents,
        customer_views: CustomerViews,
        *,
        calendar: Calendar,
        is_worth_reading_again: Callable[[Interaction], bool] = lambda _: False,
    ) -> None:
        self._ledger = ledger
        self._conversations = ConversationStore(ledger)
        self._profiles = ProfileStore(ledger)
        self._understandings = Understandings(ledger)
        self._extractors = subscribers
        self._events = events
        self._customer_views = customer_views
        self._calendar = calendar
        self._is_worth_reading_again = is_worth_reading_again

    def subscriber(self) -> Subscriber[InteractionRow]:
        return Subscriber(SUBSCRIPTION, self.process, Decoder(InteractionRow), batch_rows=AT_ONCE)

    def process(self, events: Sequence[Event[InteractionRow]]) -> None:
        """Each turn once, however often it is delivered; turns of erased customers are missing."""
        delivered = {event.payload.interaction_id for event in events}
        new = delivered - self._understandings.known(delivered)
        by_customer: defaultdict[str, list[_Extracted]] = defaultdict(list)
        for extracted in self._understand(self._conversations.find(sorted(new))):
            by_customer[extracted.turn.customer_id].append(extracted)
        with self._ledger.transaction():
            for customer_id in sorted(by_customer):
                self._keep(customer_id, by_customer[customer_id])

    def _understand(self, stored: Sequence[Stored]) -> list[_Extracted]:
        if not stored:
            return []
        turns = [each.interaction for each in stored]
        messages = [
            Heard(turn.message, self._calendar.day(turn.at), each.vectors[0].astype("float32"))
            for turn, each in zip(turns, stored, strict=True)
        ]
        understood = self._extractors.enrichment().understand(messages)
        assertions = [self._extractors.learning().read(turn) for turn in turns]
        return [_Extracted(*each) for each in zip(turns, understood, assertions, strict=True)]

    def _keep(self, customer_id: str, extracted: Sequence[_Extracted]) -> None:
        """In one transaction, in which no other process learns of the customer or erases them."""
        profile = self._profiles.locked(customer_id)
        if profile is None:
            return
        left = self._conversations.present([each.turn.id for each in extracted])
        kept = self._understandings.keep(
            {each.turn: each.understood for each in extracted if each.turn.id in left},
            read_again=[each.turn.id for each in extracted if self._is_worth_reading_again(each.turn)],
        )
        fresh = [each for each in extracted if each.turn.id in kept]
        if not fresh:
            return
        profile = reduce(Profile.with_understanding, [each.understood for each in fresh], profile)
        self._profiles.keep(customer_id, profile)
        for each in fresh:
            self._extractors.learning().keep(each.turn, each.assertions)
            engagement = profile.engagement(each.turn.at)
            self._events.understood(each.turn, each.understood, engagement=engagement)
        self._events.profiled(customer_id, self._customer_views.of(customer_id))
