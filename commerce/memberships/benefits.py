"""What memberships bring beside the discount: monthly benefits, the gift with a purchase, promotions."""

from collections.abc import Sequence
from dataclasses import replace

from commerce.memberships import promotion_store, store
from commerce.memberships.events import PeriodPaid
from commerce.memberships.models import PLANS, Benefit, entitlements_of
from commerce.memberships.notices import BenefitIssuedNotice, PromotionNotice
from commerce.memberships.promotions import Promotion, check
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.outbox import Decoder, Event, Outbox, Outgoing, Subscriber, Subscription
from foundation.sql import Ledger

NOTICE_BATCH = 5_000
SUBSCRIPTION = Subscription("benefits", frozenset({PeriodPaid.topic}))


class Benefits:
    def __init__(self, ledger: Ledger, outbox: Outbox, *, now: Clock) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._now = now

    def subscriber(self) -> Subscriber[PeriodPaid]:
        return Subscriber(SUBSCRIPTION, self.issue, Decoder(PeriodPaid))

    def issue(self, periods: Sequence[Event[PeriodPaid]]) -> None:
        """Grant what each paid period brings by itself, once however often the event is delivered."""
        for event in periods:
            for kind in sorted(PLANS[event.payload.tier].issued):
                self._issue(event.payload, kind)

    def give_gift(self, customer_id: str, *, order_id: str) -> bool:
        """Book the period's gift with this order, in the caller's transaction; False when none is due."""
        with self._ledger.transaction() as connection:
            membership, is_given = store.current_with_gift(connection, customer_id)
            if membership is None:
                return False
            if not entitlements_of(membership, gift_given=is_given, at=self._now()).gift_due:
                return False
            return self._grant(membership.id, membership.period, Benefit.GIFT, order_id=order_id)

    def take_back_gift(self, customer_id: str, *, order_id: str) -> None:
        """Nothing came of the order: its gift is due again, while its period lasts."""
        with self._ledger.transaction() as connection:
            store.take_back(connection, customer_id, Benefit.GIFT, order_id=order_id)

    def promotions(self) -> list[Promotion]:
        """Those that run now."""
        with self._ledger.autocommit() as connection:
            return promotion_store.running(connection, self._now())

    def promote(self, promotion: Promotion, *, by: str) -> Promotion:
        """Announce a promotion under an id of its own, to its members too; `by` is the member of staff."""
        announced = replace(check(promotion), id=new_id("pro"))
        with self._ledger.transaction() as connection:
            promotion_store.add(connection, announced, by=by, at=self._now())
            members = store.members(connection, announced.tiers)
            for start in range(0, len(members), NOTICE_BATCH):
                self._offer(announced, members[start : start + NOTICE_BATCH])
        return announced

    def _offer(self, promotion: Promotion, customer_ids: Sequence[str]) -> None:
        notice = PromotionNotice(
            about=promotion.id,
            title=promotion.title,
            percent=promotion.percent,
            off_cents=promotion.off.cents if promotion.off else None,
            category=promotion.category,
            starts_at=promotion.starts_at,
            ends_at=promotion.ends_at,
        )
        self._outbox.publish_all(
            [Outgoing(f"ntc_promotion_{promotion.id}_{each}", each, notice) for each in customer_ids]
        )

    def _issue(self, paid: PeriodPaid, kind: Benefit) -> None:
        if not self._grant(paid.membership_id, paid.period, kind):
            return
        notice = BenefitIssuedNotice(
            about=paid.membership_id,
            tier=paid.tier,
            benefit=kind,
            period_start=paid.period_start,
            period_end=paid.period_end,
        )
        event_id = f"ntc_benefit_issued_{paid.membership_id}_{paid.period}_{kind}"
        self._outbox.publish(notice, customer_id=paid.customer_id, event_id=event_id)

    def _grant(self, membership_id: str, period: int, kind: Benefit, *, order_id: str | None = None) -> bool:
        row = {
            "id": new_id("grt"),
            "membership_id": membership_id,
            "period": period,
            "kind": kind,
            "order_id": order_id,
            "at": self._now(),
        }
        with self._ledger.transaction() as connection:
            return store.grant(connection, row)
