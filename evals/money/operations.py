"""What can happen to a member, in any order: their own wishes, the calendar, the gateway and its failures."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st

from commerce.memberships.models import Tier
from commerce.payments.ports import GatewaySilent
from evals.money.simulated_shop import Stage
from foundation.errors import ShopError
from foundation.money import Money

CARDS = ("approve", "decline", "error", "hold")
WISHES = ("subscribe", "upgrade", "downgrade", "keep", "cancel", "reactivate")
EVENTS = (
    *(
        "wait",
        "wait",
        "wait",
        "month",
        "month",
        "night",
        "bill",
        "hear",
        "look",
        "collect",
        "follow",
        "follow",
    ),
    *("card", "silence", "reconcile", "refund", "decide", "by_hand"),
)
WAYS = ("once", "twice", "killed")
"""Carried out; sent again with the same key; cut off before it commits."""
MOST_ACTS = 14


class CutOff(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Act:
    what: str
    tier: Tier = Tier.BRONZE
    way: str = "once"
    number: int = 0
    """Hours, cents or a choice, whatever the act needs."""

    def __str__(self) -> str:
        return f"{self.what}({self.tier}, {self.way}, {self.number})"


def interleavings() -> st.SearchStrategy[tuple[int, list[Act]]]:
    """The hour of the year at which it begins, and what happens."""
    wishes = st.builds(
        Act, st.sampled_from(WISHES), st.sampled_from(Tier), st.sampled_from(WAYS), st.integers(0, 99)
    )
    events = st.builds(
        Act, st.sampled_from(EVENTS), st.just(Tier.BRONZE), st.sampled_from(WAYS[:2]), st.integers(0, 99)
    )
    acts = st.lists(wishes | events, min_size=4, max_size=MOST_ACTS)
    joins = st.builds(Act, st.just("subscribe"), st.sampled_from(Tier))
    return st.tuples(st.integers(0, 24 * 60), st.builds(lambda join, then: [join, *then], joins, acts))


class Member:
    """One customer, to whom an interleaving happens."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.customer_id = stage.welcome()
        self._acts = 0
        self._memberships = stage.shop.memberships
        self._payments = stage.shop.payments

    def live(self, act: Act) -> None:
        self._acts += 1
        if act.what in WISHES:
            self._wish(act)
        else:
            self._happen(act)

    def leave(self) -> None:
        """All that is under way comes to its end, and the customer leaves."""
        stage = self.stage
        stage.answers.left = 0
        self._acts += 1
        self._use_card("approve")
        self._let_pass(timedelta(days=4))
        self._attempt(lambda: self._memberships.cancel(self.customer_id, key=f"{self.customer_id}:leaves"))
        for days in (2, 16, 32):
            self._let_pass(timedelta(days=days))

    def _let_pass(self, time: timedelta) -> None:
        stage = self.stage
        stage.clock.now += time
        for payment in self._payments.held():
            self._payments.settle_held(payment.id, accept=False, by="stf_sam")
        stage.relay()
        stage.gateway.close_the_day()
        stage.gateway.bill(stage.shop)
        stage.shop.gateway_inbox.read()
        stage.shop.gateway_inbox.look_for_lost()
        stage.shop.membership_billing.collect()
        stage.relay()
        self._payments.reconcile()

    def _wish(self, act: Act) -> None:
        memberships, who, key = self._memberships, self.customer_id, f"{self.customer_id}:{self._acts}"
        wish: dict[str, Callable[[], object]] = {
            "subscribe": lambda: memberships.subscribe(who, tier=act.tier, key=key),
            "upgrade": lambda: memberships.upgrade(who, tier=act.tier, key=key),
            "downgrade": lambda: memberships.downgrade(who, tier=act.tier, key=key),
            "keep": lambda: memberships.keep(who, key=key),
            "cancel": lambda: memberships.cancel(who, reason="for a test", key=key),
            "reactivate": lambda: memberships.reactivate(who, key=key),
        }
        if act.way == "killed":
            self._cut_off(wish[act.what])
        for _ in range(2 if act.way == "twice" else 1):
            self._attempt(wish[act.what])

    def _happen(self, act: Act) -> None:
        stage, number = self.stage, act.number
        event: dict[str, Callable[[], object]] = {
            "wait": lambda: self._wait(timedelta(hours=number * 2)),
            "night": stage.gateway.close_the_day,
            "month": lambda: self._wait(timedelta(days=29, hours=number)),
            "bill": lambda: stage.gateway.bill(stage.shop),
            "hear": stage.shop.gateway_inbox.read,
            "look": stage.shop.gateway_inbox.look_for_lost,
            "collect": stage.shop.membership_billing.collect,
            "follow": stage.relay,
            "card": lambda: self._use_card(CARDS[number % len(CARDS)]),
            "silence": lambda: self._fall_silent(number),
            "reconcile": self._payments.reconcile,
            "refund": lambda: self._refund(cents=1 + number * 40),
            "decide": lambda: self._decide(accept=number % 2 == 0),
            "by_hand": lambda: self._undo_by_hand(cents=1 + number * 41),
        }
        for _ in range(2 if act.way == "twice" else 1):
            self._attempt(event[act.what])

    def _attempt(self, work: Callable[[], object]) -> None:
        try:
            work()
        except ShopError:
            self.stage.refused += 1

    def _cut_off(self, work: Callable[[], object]) -> None:
        """What was charged stays charged; what was booked is forgotten."""
        with suppress(CutOff), self.stage.shop.ledger.transaction():
            self._attempt(work)
            raise CutOff

    def _wait(self, time: timedelta) -> None:
        self.stage.clock.now += time

    def _use_card(self, kind: str) -> None:
        nonce = self.stage.gateway.nonce(kind, f"{self.customer_id}.{self._acts}")
        self._payments.add_card(self.customer_id, nonce=nonce)

    def _fall_silent(self, number: int) -> None:
        self.stage.answers.left = 1 + number % 3
        self.stage.answers.is_done_first = number % 2 == 0

    def _refund(self, *, cents: int) -> None:
        """Staff give a part of the latest payment back, out of goodwill."""
        latest = next(iter(self._payments.payments_of(self.customer_id, limit=1)), None)
        if latest is not None:
            key = f"{self.customer_id}:{self._acts}"
            self._payments.refund(latest.id, amount=Money(cents), reason="goodwill", key=key)

    def _undo_by_hand(self, *, cents: int) -> None:
        """The same in the gateway's own interface: the shop hears of it at once, or finds it at night."""
        latest = next(iter(self._payments.payments_of(self.customer_id, limit=1)), None)
        if latest is not None and latest.transaction_id is not None:
            hears = self.stage.shop if cents % 2 else None
            self.stage.gateway.undo_by_hand(latest.transaction_id, Money(cents), hears=hears)
            if hears is None:
                self._find_at_night()

    def _find_at_night(self) -> None:
        """Every night is a try, until the gateway answers."""
        found = False
        while not found:
            with suppress(GatewaySilent):
                self.stage.shop.gateway_inbox.look_for_undone()
                found = True

    def _decide(self, *, accept: bool) -> None:
        for payment in self._payments.held():
            self._payments.settle_held(payment.id, accept=accept, by="stf_sam")
