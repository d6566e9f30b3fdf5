"""After a turn: understand what was said in it, and keep the facts that the customer stated.

It hears of each turn from the outbox, so no customer waits for it; the vector that the turn was kept
with serves again.
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
from memory.facts.models import Claim
from memory.profiles.models import Profile
from memory.profiles.store import ProfileStore
from memory.understanding.models import Understanding
from memory.understanding.service import Enrichment, Heard
from memory.understanding.store import Understandings

SUBSCRIPTION = Subscription("memory", frozenset({InteractionRow.topic}))
AT_ONCE = 50


@dataclass(frozen=True)
class Ears:
    """What a turn is understood with; each is made when the first is heard, which takes seconds."""

    enrichment: Callable[[], Enrichment]
    learning: Callable[[], FactLearning]


@dataclass(frozen=True)
class _Taken:
    turn: Interaction
    understood: Understanding
    claims: Sequence[Claim]


class Listening:
    def __init__(
        self,
        ledger: Ledger,
        ears: Ears,
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
        self._ears = ears
        self._events = events
        self._customer_views = customer_views
        self._calendar = calendar
        self._is_worth_reading_again = is_worth_reading_again

    def subscriber(self) -> Subscriber[InteractionRow]:
        return Subscriber(SUBSCRIPTION, self.hear, Decoder(InteractionRow), batch_rows=AT_ONCE)

    def hear(self, events: Sequence[Event[InteractionRow]]) -> None:
        """Each turn once, however often it is told; one that is gone was of somebody who was forgotten."""
        told = {event.payload.interaction_id for event in events}
        new = told - self._understandings.known(told)
        by_customer: defaultdict[str, list[_Taken]] = defaultdict(list)
        for taken in self._understand(self._conversations.find(sorted(new))):
            by_customer[taken.turn.customer_id].append(taken)
        with self._ledger.transaction():
            for customer_id in sorted(by_customer):
                self._keep(customer_id, by_customer[customer_id])

    def _understand(self, stored: Sequence[Stored]) -> list[_Taken]:
        if not stored:
            return []
        turns = [each.interaction for each in stored]
        heard = [
            Heard(turn.message, self._calendar.day(turn.at), each.vectors[0].astype("float32"))
            for turn, each in zip(turns, stored, strict=True)
        ]
        understood = self._ears.enrichment().understand(heard)
        claims = [self._ears.learning().read(turn) for turn in turns]
        return [_Taken(*each) for each in zip(turns, understood, claims, strict=True)]

    def _keep(self, customer_id: str, heard: Sequence[_Taken]) -> None:
        """In one transaction, in which nobody else learns of the customer or forgets them."""
        profile = self._profiles.locked(customer_id)
        if profile is None:
            return
        left = self._conversations.present([each.turn.id for each in heard])
        kept = self._understandings.keep(
            {each.turn: each.understood for each in heard if each.turn.id in left},
            read_again=[each.turn.id for each in heard if self._is_worth_reading_again(each.turn)],
        )
        fresh = [each for each in heard if each.turn.id in kept]
        if not fresh:
            return
        profile = reduce(Profile.hearing, [each.understood for each in fresh], profile)
        self._profiles.keep(customer_id, profile)
        for each in fresh:
            self._ears.learning().keep(each.turn, each.claims)
            engagement = profile.engagement(each.turn.at)
            self._events.understood(each.turn, each.understood, engagement=engagement)
        self._events.profiled(customer_id, self._customer_views.of(customer_id))
