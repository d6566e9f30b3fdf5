from datetime import timedelta

import pytest

from commerce.memberships.events import PeriodPaid
from commerce.memberships.models import Tier
from commerce.raffles.models import RaffleStatus
from foundation.outbox import Event
from tests.fakes import FakeClock
from tests.shop import Shop

SPRING = "raf_spring"


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana")


def paid(shop: Shop, customer_id: str, *, period: int = 1, tier: Tier = Tier.GOLD) -> Event[PeriodPaid]:
    now = shop.clock()
    payload = PeriodPaid(
        membership_id=f"mem_{customer_id}",
        customer_id=customer_id,
        tier=tier,
        period=period,
        period_start=now,
        period_end=now + timedelta(days=30),
    )
    return Event(f"evt_{period}", payload.topic, customer_id, payload, now)


def entries(shop: Shop, customer_id: str) -> list[tuple[str, int]]:
    return [(ticket.raffle_id, ticket.number) for ticket in shop.raffles.my_tickets(customer_id)]


class TestIssue:
    def test_a_paid_period_gives_one_ticket_in_the_next_raffle_to_close(
        self, shop: Shop, ana: str, clock: FakeClock
    ) -> None:
        shop.open_raffle(closes_at=clock() + timedelta(days=9))
        shop.open_raffle(id="raf_sooner", closes_at=clock() + timedelta(days=2))
        for _ in range(2):
            shop.free_entries.owe([paid(shop, ana)])

        counts = [shop.free_entries.issue_waiting() for _ in range(2)]

        [told] = shop.events("raffle_transactions")
        assert (counts, entries(shop, ana)) == ([1, 0], [("raf_sooner", 1)])
        assert (told["amount_cents"], told["payment_method"]) == (0, "membership")
        assert shop.charges() == 0

    def test_it_waits_until_a_raffle_opens(self, shop: Shop, ana: str) -> None:
        shop.free_entries.owe([paid(shop, ana), paid(shop, ana, period=2)])
        before = shop.free_entries.issue_waiting()
        shop.open_raffle()

        shop.free_entries.issue_waiting()

        assert (before, entries(shop, ana)) == (0, [(SPRING, 1), (SPRING, 2)])

    @pytest.mark.parametrize("tier", [Tier.BRONZE, Tier.SILVER])
    def test_other_tiers_get_none(self, shop: Shop, ana: str, tier: Tier) -> None:
        shop.open_raffle()
        shop.free_entries.owe([paid(shop, ana, tier=tier)])

        assert shop.free_entries.issue_waiting() == 0

    def test_one_who_is_not_of_age_holds_up_nobody(self, shop: Shop, ana: str) -> None:
        young = shop.welcome("young", adult=False)
        shop.open_raffle()
        shop.free_entries.owe([paid(shop, young), paid(shop, ana)])

        assert shop.free_entries.issue_waiting() == 1
        assert entries(shop, ana) == [(SPRING, 1)]

    def test_a_raffle_that_is_full_is_passed_over(self, shop: Shop, ana: str, clock: FakeClock) -> None:
        shop.open_raffle(id="raf_full", max_tickets=1, closes_at=clock() + timedelta(days=1))
        shop.raffles.buy_tickets(shop.welcome("ben"), raffle_id="raf_full", quantity=1, key="k1")
        shop.open_raffle()
        shop.free_entries.owe([paid(shop, ana)])

        shop.free_entries.issue_waiting()

        assert entries(shop, ana) == [(SPRING, 1)]

    def test_what_was_given_does_not_count_against_what_may_be_bought(self, shop: Shop, ana: str) -> None:
        shop.open_raffle(per_customer_limit=2)
        shop.free_entries.owe([paid(shop, ana)])
        shop.free_entries.issue_waiting()

        shop.raffles.buy_tickets(ana, raffle_id=SPRING, quantity=2, key="k1")

        assert entries(shop, ana) == [(SPRING, 1), (SPRING, 2), (SPRING, 3)]


def test_an_entry_in_a_raffle_that_is_cancelled_is_owed_again(shop: Shop, ana: str) -> None:
    shop.open_raffle()
    shop.free_entries.owe([paid(shop, ana)])
    shop.free_entries.issue_waiting()
    shop.raffle_admin.cancel(SPRING, reason="rain")
    shop.open_raffle(id="raf_next")

    shop.free_entries.issue_waiting()

    assert ("raf_next", 1) in entries(shop, ana)
    assert shop.raffles.find(SPRING).status is RaffleStatus.CANCELLED
