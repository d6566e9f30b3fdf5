"""What memberships bring beside the discount: monthly benefits, the gift with a purchase, promotions."""

from collections.abc import Sequence
from dataclasses import replace

from commerce.memberships import promotion_store, store
from commerce.memberships.models import PLANS, Benefit, Tier, entitlements_of
from commerce.memberships.promotions import Promotion, check
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.outbox import Event, Outbox, Subscriber, Subscription
from foundation.sql import Ledger

NOTICE_BATCH = 5_000
SUBSCRIPTION = Subscription("benefits", frozenset({"membership_periods"}))


class Benefits:
    def __init__(self, ledger: Ledger, outbox: Outbox, *, now: Clock) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._now = now

    def subscriber(self) -> Subscriber:
        return Subscriber(SUBSCRIPTION, self.issue)

    def issue(self, periods: Sequence[Event]) -> None:
        """Grant what each paid period brings by itself, once however often the event is delivered."""
        for event in periods:
            for kind in sorted(PLANS[Tier(event.payload["tier"])].issued):
                self._issue(event, kind)

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
        with self._ledger.at_once() as connection:
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
        notice = {
            "template": "promotion",
            "about": promotion.id,
            "title": promotion.title,
            "percent": promotion.percent,
            "off_cents": promotion.off.cents if promotion.off else None,
            "category": promotion.category,
            "starts_at": promotion.starts_at.isoformat(),
            "ends_at": promotion.ends_at.isoformat(),
        }
        told = [(f"ntc_promotion_{promotion.id}_{each}", each, notice) for each in customer_ids]
        self._outbox.append_all("notices", told)

    def _issue(self, event: Event, kind: Benefit) -> None:
        told = event.payload
        if not self._grant(told["membership_id"], told["period"], kind):
            return
        notice = {
            "template": "benefit_issued",
            "about": told["membership_id"],
            "tier": told["tier"],
            "benefit": kind,
            "period_start": told["period_start"],
            "period_end": told["period_end"],
        }
        self._outbox.append(
            "notices",
            notice,
            customer_id=event.customer_id,
            event_id=f"ntc_benefit_issued_{told['membership_id']}_{told['period']}_{kind}",
        )

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
