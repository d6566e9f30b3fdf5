"""Operations of an interleaving: the member's own, the calendar's, the gateway's and its failures."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st

from commerce.memberships.models import Tier
from commerce.payments.ports import GatewaySilent
from evals.money.simulated_shop import SimulatedShop
from foundation.errors import ShopError
from foundation.money import Money

CARDS = ("approve", "decline", "error", "hold")
CUSTOMER_OPERATIONS = ("subscribe", "upgrade", "downgrade", "keep", "cancel", "reactivate")
OTHER_OPERATIONS = (
    *(
        "wait",
        "wait",
        "wait",
        "month",
        "month",
        "night",
        "bill",
        "read_inbox",
        "look",
        "collect",
        "follow",
        "follow",
    ),
    *("card", "silence", "reconcile", "refund", "decide", "by_hand"),
)
EXECUTIONS = ("once", "twice", "killed")
"""Executed once; repeated under the same key; killed before it commits."""
MAX_OPERATIONS = 14


class SimulatedCrash(BaseException):
    """Simulates the end of the process."""


@dataclass(frozen=True)
class Operation:
    kind: str
    tier: Tier = Tier.BRONZE
    execution: str = "once"
    number: int = 0
    """Hours, cents or a choice, depending on the kind."""

    def __str__(self) -> str:
        return f"{self.kind}({self.tier}, {self.execution}, {self.number})"


def interleavings() -> st.SearchStrategy[tuple[int, list[Operation]]]:
    """The hour of the year at which it begins, and the operations."""
    customer_operations = st.builds(
        Operation,
        st.sampled_from(CUSTOMER_OPERATIONS),
        st.sampled_from(Tier),
        st.sampled_from(EXECUTIONS),
        st.integers(0, 99),
    )
    other_operations = st.builds(
        Operation,
        st.sampled_from(OTHER_OPERATIONS),
        st.just(Tier.BRONZE),
        st.sampled_from(EXECUTIONS[:2]),
        st.integers(0, 99),
    )
    operations = st.lists(customer_operations | other_operations, min_size=4, max_size=MAX_OPERATIONS)
    joins = st.builds(Operation, st.just("subscribe"), st.sampled_from(Tier))
    return st.tuples(st.integers(0, 24 * 60), st.builds(lambda join, then: [join, *then], joins, operations))


class Member:
    """The customer of one interleaving."""

    def __init__(self, simulation: SimulatedShop) -> None:
        self.simulation = simulation
        self.customer_id = simulation.register_member()
        self._operations = 0
        self._memberships = simulation.shop.commerce.memberships.service
        self._payments = simulation.shop.commerce.payments.service

    def apply(self, operation: Operation) -> None:
        self._operations += 1
        if operation.kind in CUSTOMER_OPERATIONS:
            self._apply_customer_operation(operation)
        else:
            self._apply_other_operation(operation)

    def settle_and_cancel(self) -> None:
        """Let everything under way come to its end, and cancel the membership."""
        simulation = self.simulation
        simulation.answers.left = 0
        self._operations += 1
        self._use_card("approve")
        self._advance_and_process(timedelta(days=4))
        self._attempt(lambda: self._memberships.cancel(self.customer_id, key=f"{self.customer_id}:cancel"))
        for days in (2, 16, 32):
            self._advance_and_process(timedelta(days=days))

    def _advance_and_process(self, time: timedelta) -> None:
        simulation = self.simulation
        simulation.clock.now += time
        for payment in self._payments.held.waiting():
            self._payments.held.decide(payment.id, accept=False, by="stf_sam")
        simulation.relay()
        simulation.gateway.settle_day()
        simulation.gateway.bill(simulation.shop)
        simulation.shop.commerce.payments.inbox.read()
        simulation.shop.commerce.payments.inbox.look_for_lost()
        simulation.shop.commerce.memberships.billing.collect()
        simulation.relay()
        self._payments.reconciliation.run()

    def _apply_customer_operation(self, operation: Operation) -> None:
        memberships, customer_id, key = (
            self._memberships,
            self.customer_id,
            f"{self.customer_id}:{self._operations}",
        )
        calls: dict[str, Callable[[], object]] = {
            "subscribe": lambda: memberships.subscribe(customer_id, tier=operation.tier, key=key),
            "upgrade": lambda: memberships.tiers.upgrade(customer_id, tier=operation.tier, key=key),
            "downgrade": lambda: memberships.tiers.downgrade(customer_id, tier=operation.tier, key=key),
            "keep": lambda: memberships.tiers.keep(customer_id, key=key),
            "cancel": lambda: memberships.cancel(customer_id, reason="for a test", key=key),
            "reactivate": lambda: memberships.reactivate(customer_id, key=key),
        }
        if operation.execution == "killed":
            self._crash_before_commit(calls[operation.kind])
        for _ in range(2 if operation.execution == "twice" else 1):
            self._attempt(calls[operation.kind])

    def _apply_other_operation(self, operation: Operation) -> None:
        simulation, number = self.simulation, operation.number
        calls: dict[str, Callable[[], object]] = {
            "wait": lambda: self._advance(timedelta(hours=number * 2)),
            "night": simulation.gateway.settle_day,
            "month": lambda: self._advance(timedelta(days=29, hours=number)),
            "bill": lambda: simulation.gateway.bill(simulation.shop),
            "read_inbox": simulation.shop.commerce.payments.inbox.read,
            "look": simulation.shop.commerce.payments.inbox.look_for_lost,
            "collect": simulation.shop.commerce.memberships.billing.collect,
            "follow": simulation.relay,
            "card": lambda: self._use_card(CARDS[number % len(CARDS)]),
            "silence": lambda: self._lose_answers(number),
            "reconcile": self._payments.reconciliation.run,
            "refund": lambda: self._refund(cents=1 + number * 40),
            "decide": lambda: self._decide(accept=number % 2 == 0),
            "by_hand": lambda: self._refund_at_the_gateway(cents=1 + number * 41),
        }
        for _ in range(2 if operation.execution == "twice" else 1):
            self._attempt(calls[operation.kind])

    def _attempt(self, work: Callable[[], object]) -> None:
        try:
            work()
        except ShopError:
            self.simulation.refused += 1

    def _crash_before_commit(self, work: Callable[[], object]) -> None:
        """Charges at the gateway remain; the ledger's transaction is rolled back."""
        with suppress(SimulatedCrash), self.simulation.shop.infrastructure.ledger.transaction():
            self._attempt(work)
            raise SimulatedCrash

    def _advance(self, time: timedelta) -> None:
        self.simulation.clock.now += time

    def _use_card(self, kind: str) -> None:
        nonce = self.simulation.gateway.nonce(kind, f"{self.customer_id}.{self._operations}")
        self._payments.cards.add(self.customer_id, nonce=nonce)

    def _lose_answers(self, number: int) -> None:
        self.simulation.answers.left = 1 + number % 3
        self.simulation.answers.is_done_first = number % 2 == 0

    def _refund(self, *, cents: int) -> None:
        """Staff refund a part of the latest payment as goodwill."""
        latest = next(iter(self._payments.charges.of_customer(self.customer_id, limit=1)), None)
        if latest is not None:
            key = f"{self.customer_id}:{self._operations}"
            self._payments.refunds.refund(latest.id, amount=Money(cents), reason="goodwill", key=key)

    def _refund_at_the_gateway(self, *, cents: int) -> None:
        """A reversal in the gateway's own interface, notified by webhook or found by the nightly search."""
        latest = next(iter(self._payments.charges.of_customer(self.customer_id, limit=1)), None)
        if latest is not None and latest.transaction_id is not None:
            notified = self.simulation.shop if cents % 2 else None
            self.simulation.gateway.reverse(latest.transaction_id, Money(cents), notified=notified)
            if notified is None:
                self._find_reversals()

    def _find_reversals(self) -> None:
        """Search nightly until the gateway answers."""
        found = False
        while not found:
            with suppress(GatewaySilent):
                self.simulation.shop.commerce.payments.inbox.look_for_undone()
                found = True

    def _decide(self, *, accept: bool) -> None:
        for payment in self._payments.held.waiting():
            self._payments.held.decide(payment.id, accept=accept, by="stf_sam")
