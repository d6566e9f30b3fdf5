from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from commerce.memberships.events import MembershipRow
from commerce.memberships.models import Entitlements, Membership, MembershipStatus, Tier
from commerce.memberships.store import changes, periods, recurrings
from commerce.payments.inbox import GatewayInbox
from commerce.payments.models import RecurringUnsettled
from commerce.payments.ports import GatewaySilent, Plan, RecurringCharge
from commerce.payments.sandbox import sandbox_plans
from foundation.ids import new_id
from foundation.money import Money
from foundation.outbox import Event
from tests.crashes import FailingGateway
from tests.shop import Shop

SILVER = Money(97_00)
DAY = timedelta(days=1)

pytestmark = pytest.mark.slow


@dataclass
class Month:
    """A member's months: the relay, the gateway's billing and its news, and the calendar."""

    shop: Shop
    customer_id: str

    def __post_init__(self) -> None:
        self.inbox = GatewayInbox(
            self.shop.ledger, self.shop.payments, self.shop.billing, now=self.shop.clock
        )

    @property
    def membership(self) -> Membership:
        found = self.shop.memberships.status(self.customer_id)
        assert found is not None
        return found

    @property
    def status(self) -> MembershipStatus:
        return self.membership.status

    def follow(self) -> None:
        """As the relay does after each change."""
        now, membership = self.shop.clock.now, self.membership
        row = MembershipRow(
            id=membership.id,
            customer_id=self.customer_id,
            tier=membership.tier,
            status=membership.status,
            price_cents=membership.price.cents,
            created_at=now,
            updated_at=now,
        )
        self.shop.billing.follow([Event(new_id("evt"), row.topic, self.customer_id, row, now)])

    def go_to(self, at: datetime) -> None:
        self.shop.clock.now = at

    def bill(self) -> None:
        """The gateway charges what is due and its news is read."""
        self.shop.sandbox.plans.bill_due(self.shop.clock.now)
        self.inbox.read()

    def charges(self) -> Sequence[RecurringCharge]:
        """What the gateway has told of, to be told again."""
        heard: list[RecurringCharge] = []

        class Listener:
            def charged(self, charge: RecurringCharge) -> None:
                heard.append(charge)

            def failed(self, charge: RecurringCharge) -> None:
                heard.append(charge)

            def ended(self, recurring_id: str, status: str) -> None: ...

        self.shop.sandbox.plans.bill_due(self.shop.clock.now)
        GatewayInbox(self.shop.ledger, self.shop.payments, Listener(), now=self.shop.clock).read()
        return heard

    def use_card(self, token: str) -> None:
        """The next charges of the gateway and of ours go to this card."""
        self.shop.payments.cards.add(self.customer_id, nonce=f"{token}.{self.shop.clock.now:%m%d%H}")
        with self.shop.ledger.transaction() as connection:
            connection.execute(sandbox_plans.update().values(token=token))

    def periods(self) -> list[tuple[int, str, int]]:
        with self.shop.ledger.transaction() as connection:
            wanted = select(periods.c.number, periods.c.tier, periods.c.amount_cents)
            return [tuple(row) for row in connection.execute(wanted.order_by(periods.c.number))]

    def plans(self) -> list[tuple[int, str]]:
        with self.shop.ledger.transaction() as connection:
            wanted = select(sandbox_plans.c.amount_cents, sandbox_plans.c.status)
            return [tuple(row) for row in connection.execute(wanted)]


class Deaf(FailingGateway):
    """Begins a plan, and its answer is lost."""

    def subscribe(self, plan: Plan) -> str:
        super().subscribe(plan)
        raise GatewaySilent


@pytest.fixture
def month(shop: Shop) -> Month:
    """Ana has been a Silver member since 1 March and is charged by the gateway."""
    ana = shop.welcome("ana")
    shop.memberships.subscribe(ana, tier=Tier.SILVER, key="joined")
    month = Month(shop, ana)
    month.follow()
    return month


@pytest.fixture
def failed(month: Month) -> Month:
    """The charge of 1 April was declined."""
    month.use_card("tok_decline")
    month.go_to(month.membership.period_end)
    month.bill()
    month.follow()
    return month


class TestGateway:
    def test_it_charges_from_the_second_month_on(self, shop: Shop, month: Month) -> None:
        end = month.membership.period_end
        month.go_to(end - DAY)
        month.bill()
        early = shop.charged()
        month.go_to(end)

        month.bill()

        assert early == SILVER
        assert shop.charged() == SILVER * 2
        assert month.periods() == [(1, "SILVER", 97_00), (2, "SILVER", 97_00)]
        assert month.membership.period_start == end
        assert len(shop.events("membership_periods")) == 2

    def test_news_that_comes_twice_or_late_moves_nothing_twice(self, shop: Shop, month: Month) -> None:
        month.go_to(month.membership.period_end)
        (charge,) = month.charges()
        month.go_to(shop.clock.now + timedelta(hours=20))

        for _ in range(3):
            shop.billing.charged(charge)

        assert month.periods() == [(1, "SILVER", 97_00), (2, "SILVER", 97_00)]
        assert shop.charged() == SILVER * 2

    def test_lost_news_is_found_by_the_look(self, shop: Shop, month: Month) -> None:
        month.go_to(month.membership.period_end)
        shop.sandbox.plans.bill_due(shop.clock.now)
        month.go_to(shop.clock.now + timedelta(hours=2))

        month.inbox.look_for_lost()

        assert month.membership.period == 2

    def test_news_out_of_order_is_booked_once_each(self, shop: Shop, month: Month) -> None:
        month.go_to(month.membership.period_end)
        (first,) = month.charges()
        month.go_to(shop.clock.now + 31 * DAY)
        second = month.charges()[-1]

        shop.billing.charged(second)
        shop.billing.charged(first)
        shop.billing.charged(second)

        kept = sum(cents for _, _, cents in month.periods())
        assert shop.charged() == Money(kept)

    def test_another_tier_is_another_amount(self, shop: Shop, month: Month) -> None:
        shop.memberships.tiers.upgrade(month.customer_id, tier=Tier.GOLD, key="k1")
        month.follow()
        raised = month.plans()
        shop.memberships.tiers.downgrade(month.customer_id, tier=Tier.BRONZE, key="k2")
        month.follow()
        month.go_to(month.membership.period_end)

        month.bill()

        assert (raised, month.plans()) == ([(197_00, "active")], [(47_00, "active")])
        assert (month.membership.tier, month.membership.percent) == (Tier.BRONZE, 10)
        assert month.periods()[-1] == (2, "BRONZE", 47_00)
        assert "downgraded" in {notice["template"] for notice in shop.events("notices")}

    def test_what_it_charged_too_much_before_it_was_told_of_a_change_goes_back(
        self, shop: Shop, month: Month
    ) -> None:
        shop.memberships.tiers.downgrade(month.customer_id, tier=Tier.BRONZE, key="k1")
        month.go_to(month.membership.period_end)

        month.bill()
        month.follow()

        assert month.periods()[-1] == (2, "BRONZE", 97_00)
        shop.clock.now += DAY
        shop.payments.reconciliation.run()
        assert shop.charged() == Money(97_00 + 47_00)
        assert "refund" in {notice["template"] for notice in shop.events("notices")}
        assert month.plans() == [(47_00, "active")]

    def test_what_it_charged_too_little_is_let_go(self, shop: Shop, month: Month) -> None:
        month.go_to(month.membership.period_end - DAY)
        shop.memberships.tiers.upgrade(month.customer_id, tier=Tier.GOLD, key="k1")
        upgraded = shop.charged()
        month.go_to(month.membership.period_end)

        month.bill()

        assert month.periods()[-1] == (2, "GOLD", 97_00)
        assert shop.charged() == upgraded + SILVER

    def test_leaving_stops_it_and_coming_back_starts_it_again(self, shop: Shop, month: Month) -> None:
        end = month.membership.period_end
        shop.memberships.cancel(month.customer_id, key="k1")
        month.follow()
        stopped = month.plans()
        shop.memberships.reactivate(month.customer_id, key="k2")
        month.follow()
        month.go_to(end)

        month.bill()

        assert stopped == [(97_00, "canceled")]
        assert shop.charged() == SILVER * 2
        assert month.membership.period == 2

    def test_month_charged_while_its_customer_left_is_given_back(self, shop: Shop, month: Month) -> None:
        month.go_to(month.membership.period_end)
        (charge,) = month.charges()
        shop.memberships.cancel(month.customer_id, key="k1")

        shop.billing.charged(charge)

        assert shop.memberships.status(month.customer_id) is None
        assert shop.charged() == SILVER

    def test_cancelling_during_the_billing_ends_in_one_of_two_ways(self, shop: Shop, month: Month) -> None:
        end = month.membership.period_end
        month.go_to(end)
        (charge,) = month.charges()

        with ThreadPoolExecutor(2) as threads:
            booked = threads.submit(shop.billing.charged, charge)
            left = threads.submit(shop.memberships.cancel, month.customer_id, key="k1")
            membership, _ = left.result(), booked.result()

        paid = SILVER * 2 if membership.period_end > end else SILVER
        assert shop.charged() == paid
        assert membership.status is MembershipStatus.CANCELLED

    def test_charge_of_a_plan_nobody_knows_is_given_back(self, shop: Shop, month: Month) -> None:
        month.go_to(month.membership.period_end)
        (charge,) = month.charges()
        with shop.ledger.transaction() as connection:
            connection.execute(recurrings.delete())

        shop.billing.charged(charge)

        assert shop.charged() == SILVER
        assert month.plans() == [(97_00, "canceled")]

    def test_lost_answer_begins_no_second_plan_though_the_price_has_changed(
        self, shop: Shop, month: Month
    ) -> None:
        ben = shop.welcome("ben")
        shop.memberships.subscribe(ben, tier=Tier.BRONZE, key="ben")
        deaf = shop.with_gateway(Deaf(shop.sandbox))
        with pytest.raises(RecurringUnsettled):
            Month(deaf, ben).follow()
        shop.memberships.tiers.upgrade(ben, tier=Tier.GOLD, key="ben-up")

        Month(shop, ben).follow()

        assert sorted(month.plans()) == [(97_00, "active"), (197_00, "active")]


class TestFailure:
    def test_benefits_stay_while_the_card_is_tried_again(self, shop: Shop, failed: Month) -> None:
        assert failed.status is MembershipStatus.PAYMENT_FAILED
        assert shop.memberships.entitlements(failed.customer_id).percent == 20
        (notice,) = (each for each in shop.events("notices") if each["template"] == "payment_failed")
        assert (notice["attempt"], notice["amount_cents"]) == (1, 97_00)
        assert notice["next_attempt_at"][:10] == "2026-04-02"
        assert failed.plans() == [(97_00, "canceled")]

    def test_days_1_3_7_and_14_lead_from_grace_to_the_end(self, shop: Shop, failed: Month) -> None:
        start, seen = shop.clock.now, []
        for day in range(1, 16):
            failed.go_to(start + day * DAY)
            if shop.billing.collect():
                found = shop.memberships.status(failed.customer_id)
                seen.append((day, found.status.value if found else "ended"))

        assert seen == [(1, "payment_failed"), (3, "payment_failed"), (7, "suspended"), (14, "ended")]
        assert shop.charged() == SILVER
        templates = [each["template"] for each in shop.events("notices")]
        assert sorted(templates) == [
            "membership_ended", "payment_failed", "payment_failed", "payment_failed", "suspended", "welcome",
        ]  # fmt: skip

    def test_try_that_succeeds_makes_it_active_and_the_period_follows_on(
        self, shop: Shop, failed: Month
    ) -> None:
        end = failed.membership.period_end
        failed.use_card("tok_approve")
        failed.go_to(end + 3 * DAY)

        shop.billing.collect()
        failed.follow()

        assert (failed.status, failed.membership.period_start) == (MembershipStatus.ACTIVE, end)
        assert shop.charged() == SILVER * 2
        assert failed.plans()[-1] == (97_00, "active")

    def test_suspended_member_has_no_benefits_until_the_month_is_paid(
        self, shop: Shop, failed: Month
    ) -> None:
        failed.go_to(shop.clock.now + 7 * DAY)
        shop.billing.collect()
        without = shop.memberships.entitlements(failed.customer_id)
        failed.use_card("tok_approve")
        failed.go_to(shop.clock.now + DAY)

        back = shop.memberships.reactivate(failed.customer_id, key="k1")

        assert without == Entitlements()
        assert (back.status, back.period_start) == (MembershipStatus.ACTIVE, shop.clock.now)
        assert shop.charged() == SILVER * 2

    def test_two_schedulers_try_the_card_once(self, shop: Shop, failed: Month) -> None:
        failed.go_to(shop.clock.now + DAY)
        before = shop.charges()

        with ThreadPoolExecutor(4) as threads:
            done = list(threads.map(lambda _: shop.billing.collect(), range(4)))

        assert (sum(done), shop.charges() - before) == (1, 1)

    def test_old_news_of_a_failure_does_not_disturb_a_month_that_is_paid(
        self, shop: Shop, month: Month
    ) -> None:
        month.use_card("tok_decline")
        month.go_to(month.membership.period_end)
        (charge,) = month.charges()
        shop.billing.failed(charge)
        month.use_card("tok_approve")
        shop.memberships.reactivate(month.customer_id, key="k1")

        shop.billing.failed(charge)

        assert month.status is MembershipStatus.ACTIVE


class TestCollecting:
    BROKEN = """
        SET LOCAL session_replication_role = replica;
        INSERT INTO memberships SELECT (jsonb_populate_record(m, jsonb_build_object(
            'id', 'mem_0' || n, 'customer_id', 'cus_' || n, 'status', 'nonsense'))).*
        FROM memberships m, generate_series(1, 100) n
    """

    def test_memberships_that_cannot_be_read_keep_no_other_waiting(self, shop: Shop, month: Month) -> None:
        end = month.membership.period_end
        with shop.ledger.transaction() as connection:
            for statement in self.BROKEN.split(";"):
                connection.execute(text(statement))
        month.go_to(end + 2 * DAY)

        collected = shop.billing.collect()

        assert (collected, month.membership.period) == (1, 2)


class TestStale:
    def test_membership_long_past_its_billing_pays_one_month_from_now(self, shop: Shop) -> None:
        ana = shop.welcome("ana")
        old = shop.memberships.subscribe(ana, tier=Tier.SILVER, key="joined")
        shop.clock.now = old.period_end + 400 * DAY

        for _ in range(5):
            shop.billing.collect()

        found = shop.memberships.status(ana)
        assert found is not None
        assert shop.charged() == SILVER * 2
        assert (found.period, found.period_start) == (2, shop.clock.now)

    def test_cancelled_membership_is_closed_when_its_period_is_over(self, shop: Shop, month: Month) -> None:
        left = shop.memberships.cancel(month.customer_id, key="k1")
        month.go_to(left.period_end)

        shop.billing.collect()
        shop.billing.collect()

        with shop.ledger.transaction() as connection:
            kinds = connection.execute(select(changes.c.kind).order_by(changes.c.at)).scalars().all()
        assert kinds == ["subscribed", "cancelled", "ended"]
