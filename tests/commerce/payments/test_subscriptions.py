from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import delete

from commerce.payments.gateway_store import gateway_notifications
from commerce.payments.inbox import GatewayInbox
from commerce.payments.models import (
    KeyReused,
    NoCardOnFile,
    PaymentStatus,
    Recurring,
    RecurringStatus,
    RecurringUnsettled,
    RefundStatus,
)
from commerce.payments.ports import GatewaySilent, Notification, RecurringCharge, Return
from foundation.errors import Conflict
from foundation.money import Money
from tests.commerce.payments.conftest import PRICE, charge
from tests.crashes import FailingGateway
from tests.shop import Shop

A_MONTH = timedelta(days=31)

pytestmark = pytest.mark.slow


@dataclass
class Listener:
    """Hears what the gateway charges; `refuses` so many times first."""

    heard: list[tuple[str, int]] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    refuses: int = 0

    def charged(self, charge: RecurringCharge) -> None:
        self._hear("charged", charge)

    def failed(self, charge: RecurringCharge) -> None:
        self._hear("failed", charge)

    def ended(self, recurring_id: str, status: str) -> None:
        self.heard.append((f"{recurring_id} {status}", 0))

    def _hear(self, what: str, charge: RecurringCharge) -> None:
        if self.refuses:
            self.refuses -= 1
            raise Conflict("not now")
        self.heard.append((what, charge.amount.cents))
        self.payments.append(charge.payment_id)


class Mistaken(Listener):
    """Breaks over the charges of certain plans."""

    def __init__(self, *broken: str, error: Exception) -> None:
        super().__init__()
        self._broken = broken
        self._error = error

    def charged(self, charge: RecurringCharge) -> None:
        if charge.recurring_id in self._broken:
            raise self._error
        super().charged(charge)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def inbox(shop: Shop, listener: Listener) -> GatewayInbox:
    return GatewayInbox(shop.ledger, shop.payments, listener, now=shop.clock)


@pytest.fixture
def plan(shop: Shop, ana: str) -> Recurring:
    return recur(shop, ana)


def recur(shop: Shop, customer_id: str, *, amount: Money = PRICE, key: str = "p1") -> Recurring:
    return shop.payments.subscriptions.start(
        customer_id, name="Bronze", amount=amount, first_at=shop.clock(), key=key
    )


def bill(shop: Shop) -> int:
    return shop.sandbox.plans.bill_due(shop.clock())


class TestRecur:
    def test_plan_begins_once_for_its_key(self, shop: Shop, plan: Recurring) -> None:
        again = recur(shop, plan.customer_id)

        assert again == plan
        assert bill(shop) == 1

    def test_key_of_another_plan_is_refused(self, shop: Shop, plan: Recurring) -> None:
        with pytest.raises(KeyReused):
            recur(shop, plan.customer_id, amount=Money(97_00))

    def test_customer_without_a_card_is_sent_to_the_form(self, shop: Shop) -> None:
        with pytest.raises(NoCardOnFile):
            recur(shop, shop.welcome("ben", card=None))

    @pytest.mark.parametrize("lost", ["before", "after"])
    def test_plan_whose_answer_was_lost_is_looked_up_first(self, shop: Shop, ana: str, lost: str) -> None:
        silent = FailingGateway(shop.sandbox, **{lost: GatewaySilent()})  # type: ignore[arg-type]
        with pytest.raises(RecurringUnsettled):
            recur(shop.with_gateway(silent), ana)

        begun = recur(shop, ana)

        assert begun.status is RecurringStatus.ACTIVE
        assert bill(shop) == 1

    def test_changed_amount_is_charged_next_and_an_old_key_changes_nothing(
        self, shop: Shop, plan: Recurring
    ) -> None:
        shop.payments.subscriptions.change(plan.id, amount=Money(97_00), key="c1")
        shop.payments.subscriptions.change(plan.id, amount=Money(1_00), key="c1")

        bill(shop)

        assert shop.charged() == Money(97_00)

    def test_stopped_plan_charges_nothing_more(self, shop: Shop, plan: Recurring) -> None:
        stopped = [shop.payments.subscriptions.stop(plan.id, key="s1").status for _ in range(2)]

        assert stopped == [RecurringStatus.STOPPED] * 2
        assert bill(shop) == 0


class TestNews:
    def test_charge_becomes_a_payment_and_is_told_once(
        self, shop: Shop, plan: Recurring, inbox: GatewayInbox, listener: Listener
    ) -> None:
        bill(shop)

        read = inbox.read(), inbox.read()

        [payment] = shop.payments.charges.of_customer(plan.customer_id)
        assert read == (1, 0)
        assert listener.heard == [("charged", 47_00)]
        assert (payment.status, payment.recurring_id) == (PaymentStatus.APPROVED, plan.id)
        assert shop.events("payments")[-1]["status"] == "approved"

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 1, 2, 0, 0)])
    def test_notifications_replayed_and_reordered_tell_each_charge_once(
        self,
        shop: Shop,
        plan: Recurring,
        inbox: GatewayInbox,
        listener: Listener,
        order: Sequence[int],
    ) -> None:
        shop.clock.advance(A_MONTH * 2)
        bill(shop)
        charges = shop.sandbox.plans.plan(str(plan.subscription_id)).transaction_ids

        for number, place in enumerate(order):
            inbox.receive(Notification(f"again{number}", "transaction", charges[place]))
            inbox.read()

        assert listener.heard == [("charged", 47_00)] * 3
        assert len(set(listener.payments)) == 3

    def test_same_notification_is_stored_once(
        self, shop: Shop, plan: Recurring, inbox: GatewayInbox, listener: Listener
    ) -> None:
        told = Notification("n1", "subscription", str(plan.subscription_id))
        bill(shop)
        for _ in range(2):
            inbox.receive(told)

        assert inbox.read() == 2  # the sandbox's own, and this one
        assert listener.heard == [("charged", 47_00)]

    @pytest.mark.parametrize("kind", ["transaction", "subscription"])
    def test_notification_of_something_unknown_is_let_go(
        self, inbox: GatewayInbox, listener: Listener, kind: str
    ) -> None:
        inbox.receive(Notification("n1", kind, "no_such_thing"))  # type: ignore[arg-type]

        assert inbox.read() == 1
        assert listener.heard == []

    def test_payment_voided_at_the_gateway_itself_is_void_here_too(
        self, shop: Shop, ana: str, inbox: GatewayInbox
    ) -> None:
        payment = charge(shop, ana)
        shop.sandbox.transactions.void(str(payment.transaction_id))
        inbox.receive(Notification("n1", "transaction", str(payment.transaction_id)))

        inbox.read()

        assert shop.payments.charges.find(payment.id).status is PaymentStatus.VOIDED
        assert shop.payments.charges.find(payment.id).refunded == PRICE

    def test_failed_charge_is_told_as_one(self, shop: Shop, inbox: GatewayInbox, listener: Listener) -> None:
        ben = shop.welcome("ben", card="tok_decline")
        recur(shop, ben)
        bill(shop)

        inbox.read()

        assert listener.heard == [("failed", 47_00)]
        assert [each.status for each in shop.payments.charges.of_customer(ben)] == [PaymentStatus.DECLINED]

    def test_held_charge_is_told_once_it_is_decided(
        self, shop: Shop, inbox: GatewayInbox, listener: Listener
    ) -> None:
        ben = shop.welcome("ben", card="tok_hold")
        recur(shop, ben)
        bill(shop)
        inbox.read()
        before = list(listener.heard)

        shop.payments.held.decide(shop.payments.held.waiting()[0].id, accept=True, by="stf_sam")
        shop.clock.advance(timedelta(hours=1))
        inbox.look_for_lost()

        assert (before, listener.heard) == ([], [("charged", 47_00)])

    @pytest.mark.usefixtures("plan")
    def test_lost_notification_is_found_within_the_hour(
        self, shop: Shop, inbox: GatewayInbox, listener: Listener
    ) -> None:
        bill(shop)
        early = inbox.look_for_lost()
        shop.clock.advance(timedelta(hours=1))

        late = inbox.look_for_lost()

        assert (early, late, listener.heard) == (0, 1, [("charged", 47_00)])

    def test_listener_that_cannot_yet_is_told_again(
        self, shop: Shop, plan: Recurring, inbox: GatewayInbox, listener: Listener
    ) -> None:
        listener.refuses = 1
        bill(shop)
        first = inbox.read()
        shop.clock.advance(timedelta(minutes=2))

        second = inbox.read()

        assert (first, second, listener.heard) == (0, 1, [("charged", 47_00)])
        assert len(shop.payments.charges.of_customer(plan.customer_id)) == 1

    def test_notification_that_meets_a_mistake_of_ours_does_not_keep_the_others_waiting(
        self, shop: Shop, plan: Recurring
    ) -> None:
        first = Mistaken(plan.id, error=RuntimeError("a mistake of ours"))
        second = recur(shop, shop.welcome("ben"), key="p2")
        inbox = GatewayInbox(shop.ledger, shop.payments, first, now=shop.clock)
        bill(shop)

        read = inbox.read()

        assert (read, first.heard) == (1, [("charged", 47_00)])
        assert [each.recurring_id for each in shop.payments.charges.of_customer("cus_ben")] == [second.id]

    def test_plans_that_cannot_be_followed_do_not_keep_the_others_waiting(self, shop: Shop, ana: str) -> None:
        plans = [recur(shop, ana, key=f"p{number}") for number in range(21)]
        stuck = Mistaken(*(plan.id for plan in plans[:20]), error=Conflict("not now"))
        bill(shop)
        with shop.ledger.transaction() as connection:
            connection.execute(delete(gateway_notifications))
        inbox = GatewayInbox(shop.ledger, shop.payments, stuck, now=shop.clock)
        shop.clock.advance(timedelta(hours=1))
        shop.payments.subscriptions.put_off(plans[20].id)
        shop.clock.advance(timedelta(hours=1))

        found = [inbox.look_for_lost(), inbox.look_for_lost()]

        assert (found, stuck.heard) == ([0, 1], [("charged", 47_00)])

    def test_refund_heard_before_its_charge_is_taken_over_with_it(
        self, shop: Shop, plan: Recurring, listener: Listener, inbox: GatewayInbox
    ) -> None:
        bill(shop)
        [charge_id] = shop.sandbox.plans.plan(str(plan.subscription_id)).transaction_ids
        shop.clock.advance(timedelta(days=1))
        made = shop.sandbox.transactions.refund(Return(charge_id, Money(7_00), "by_hand", "1111"))
        with shop.ledger.transaction() as connection:
            connection.execute(delete(gateway_notifications))
        inbox.receive(Notification("n1", "transaction", str(made.transaction_id)))

        inbox.read()

        assert listener.heard == [("charged", 47_00)]
        assert shop.payments.charges.find(listener.payments[0]).refunded == Money(7_00)

    def test_what_was_given_back_by_hand_without_a_word_is_found_at_night_once(
        self, shop: Shop, ana: str, inbox: GatewayInbox
    ) -> None:
        early, late = charge(shop, ana), charge(shop, ana, key="k2")
        shop.payments.refunds.refund(late.id, reason="it came late", key="r1")
        shop.sandbox.transactions.void(str(early.transaction_id))

        found = [inbox.look_for_undone(), inbox.read(), inbox.look_for_undone()]

        assert found == [1, 1, 0]
        assert shop.payments.charges.find(early.id).status is PaymentStatus.VOIDED

    @pytest.mark.usefixtures("plan")
    def test_silent_gateway_postpones_the_notification(self, shop: Shop, listener: Listener) -> None:
        bill(shop)
        silent = shop.with_gateway(FailingGateway(shop.sandbox, silence=GatewaySilent(), silent=1))
        inbox = GatewayInbox(shop.ledger, silent.payments, listener, now=shop.clock)
        first = inbox.read()
        shop.clock.advance(timedelta(minutes=2))

        assert (first, inbox.read()) == (0, 1)
        assert listener.heard == [("charged", 47_00)]

    def test_plan_that_the_gateway_ends_is_told(
        self, shop: Shop, plan: Recurring, inbox: GatewayInbox, listener: Listener
    ) -> None:
        shop.sandbox.plans.stop_plan(str(plan.subscription_id))
        shop.clock.advance(timedelta(hours=1))

        inbox.look_for_lost()

        assert listener.heard == [(f"{plan.id} canceled", 0)]
        assert shop.payments.subscriptions.find(plan.id).status is RecurringStatus.ENDED

    @pytest.mark.usefixtures("plan")
    def test_charge_nobody_wants_is_given_back_by_the_listener(self, shop: Shop) -> None:
        class Unwilling(Listener):
            def charged(self, charge: RecurringCharge) -> None:
                made = shop.payments.refunds.refund(
                    charge.payment_id, reason="too late", key=charge.payment_id
                )
                self.heard.append((made.status, made.amount.cents))

        unwilling = Unwilling()
        bill(shop)

        GatewayInbox(shop.ledger, shop.payments, unwilling, now=shop.clock).read()

        assert unwilling.heard == [(RefundStatus.VOIDED, 47_00)]
        assert shop.charged() == Money(0)

    @pytest.mark.usefixtures("plan")
    def test_old_notifications_are_pruned(self, shop: Shop, inbox: GatewayInbox) -> None:
        bill(shop)
        inbox.read()
        shop.clock.advance(timedelta(days=31))

        assert inbox.prune() == 1
