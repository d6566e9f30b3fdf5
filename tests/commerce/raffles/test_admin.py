from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from commerce.raffles.models import MOVES, Move, Plan, PlanRefused, Raffle, RaffleStatus, WrongStage, is_done
from commerce.raffles.store import raffle_purchases
from foundation.clock import Clock
from foundation.money import Money
from foundation.outbox import OUTBOX
from tests.crashes import Killed, then_killed
from tests.fakes import FakeClock
from tests.shop import Shop

SPRING = "raf_spring"
Planned = Callable[..., Plan]


@pytest.fixture
def planned(clock: FakeClock) -> Planned:
    now = clock()
    usual = Plan(
        title="Summer Raffle",
        prize="a hammock",
        ticket_price=Money(5_00),
        max_tickets=50,
        per_customer_limit=5,
        minimum_age=21,
        runners_up=2,
        opens_at=now,
        closes_at=now + timedelta(days=3),
    )
    return lambda **changed: replace(usual, **changed)


def refunds(shop: Shop) -> list[tuple[str, bool]]:
    """Status of each purchase, and whether its refund is on record."""
    wanted = select(raffle_purchases.c.status, raffle_purchases.c.refund_id).order_by(raffle_purchases.c.key)
    with shop.ledger.transaction() as connection:
        return [(row.status, row.refund_id is not None) for row in connection.execute(wanted)]


def letters(shop: Shop, template: str) -> list[dict[str, Any]]:
    with shop.ledger.transaction() as connection:
        told = connection.execute(select(OUTBOX.c.payload).where(OUTBOX.c.topic == "notices")).scalars()
        return [dict(each) for each in told if each["template"] == template]


class TestPlan:
    def test_a_draft_is_opened_and_its_seed_promised(self, shop: Shop, planned: Planned) -> None:
        draft = shop.raffle_admin.create(planned())
        edited = shop.raffle_admin.edit(draft.id, planned(prize="two hammocks", ticket_price=Money(6_00)))
        hidden = shop.raffles.list_open()

        shop.raffle_admin.open(draft.id)

        [raffle] = shop.raffles.list_open()
        assert hidden == []
        assert raffle == replace(edited, status=RaffleStatus.OPEN)
        assert (raffle.prize, raffle.ticket_price) == ("two hammocks", Money(6_00))
        assert shop.draw_proofs.progress(draft.id).seed_sha256 is not None

    def test_a_draft_whose_time_is_over_is_not_opened(
        self, shop: Shop, planned: Planned, clock: FakeClock
    ) -> None:
        draft = shop.raffle_admin.create(planned())
        clock.advance(timedelta(days=3))

        with pytest.raises(PlanRefused) as refused:
            shop.raffle_admin.open(draft.id)

        assert refused.value.details == {"field": "closes_at", "expected": "later than now"}
        assert shop.raffles.find(draft.id).status is RaffleStatus.DRAFT

    def test_what_was_offered_stands(self, shop: Shop, planned: Planned) -> None:
        shop.open_raffle()

        with pytest.raises(WrongStage, match="Spring Raffle is open, so you cannot edit it"):
            shop.raffle_admin.edit(SPRING, planned())

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", " "),
            ("prize", ""),
            ("ticket_price", Money(0)),
            ("max_tickets", 0),
            ("max_tickets", 10**9),
            ("per_customer_limit", 51),
            ("minimum_age", 17),
            ("runners_up", -1),
            ("runners_up", 101),
            ("algorithm", "dice"),
        ],
    )
    def test_what_cannot_be_is_named(self, shop: Shop, planned: Planned, field: str, value: object) -> None:
        with pytest.raises(PlanRefused) as refused:
            shop.raffle_admin.create(planned(**{field: value}))

        assert refused.value.details["field"] == field

    @pytest.mark.parametrize("days", [-1, 0])
    def test_it_closes_after_it_opens_and_after_now(
        self, shop: Shop, planned: Planned, clock: Clock, days: int
    ) -> None:
        with pytest.raises(PlanRefused, match="closes at"):
            shop.raffle_admin.create(planned(closes_at=clock() + timedelta(days=days)))


@pytest.mark.parametrize("status", RaffleStatus)
@pytest.mark.parametrize("move", Move)
def test_a_move_is_done_once_or_refused(planned: Planned, status: RaffleStatus, move: Move) -> None:
    raffle = Raffle(id=SPRING, status=status, sold=0, **vars(planned()))
    leads_to, comes_from = MOVES[move]

    if status in comes_from or status is leads_to:
        assert is_done(raffle, move) == (status not in comes_from)
    else:
        with pytest.raises(WrongStage):
            is_done(raffle, move)


class TestCancel:
    @pytest.fixture
    def raffle(self, shop: Shop) -> Raffle:
        """Ana has bought twice, Ben once."""
        raffle = shop.open_raffle()
        for name, key, quantity in (("ana", "k1", 2), ("ben", "k2", 1), ("ana", "k3", 1)):
            if key != "k3":
                shop.welcome(name)
            shop.raffles.buy_tickets(f"cus_{name}", raffle_id=raffle.id, quantity=quantity, key=key)
        return raffle

    @pytest.mark.usefixtures("raffle")
    @pytest.mark.parametrize("days", [0, 2])
    def test_everybody_is_paid_back_whole_and_told_once(
        self, shop: Shop, clock: FakeClock, days: int
    ) -> None:
        clock.advance(timedelta(days=days))
        shop.raffle_admin.cancel(SPRING, reason="the prize was stolen")

        counts = [shop.raffle_admin.refund_some() for _ in range(2)]

        told = {letter["refund_cents"] for letter in letters(shop, "raffle_cancelled")}
        rows = [each for each in shop.events("raffle_transactions") if each["payment_status"] == "refunded"]
        assert (counts, shop.charged()) == ([2, 0], Money(0))
        assert refunds(shop) == [("refunded", True)] * 3
        assert told == {15_00, 5_00}
        assert {letter["reason"] for letter in letters(shop, "raffle_cancelled")} == {"the prize was stolen"}
        assert len(rows) == len({row["refund_id"] for row in rows}) == 3

    @pytest.mark.usefixtures("raffle")
    def test_a_crash_between_refunds_and_their_booking_pays_nobody_twice(self, shop: Shop) -> None:
        shop.raffle_admin.cancel(SPRING, reason="rain")
        with pytest.raises(Killed):
            then_killed(shop.ledger, shop.raffle_admin.refund_some)
        before = refunds(shop)

        shop.raffle_admin.refund_some()

        assert before == [("refunding", False)] * 3
        assert refunds(shop) == [("refunded", True)] * 3
        assert shop.charged() == Money(0)
        assert len(letters(shop, "raffle_cancelled")) == 2

    @pytest.mark.usefixtures("raffle")
    def test_cancelled_again_nothing_more_happens(self, shop: Shop) -> None:
        for _ in range(2):
            shop.raffle_admin.cancel(SPRING, reason="rain")

        assert [each["status"] for each in shop.events("raffles")] == ["cancelled"]

    @pytest.mark.parametrize("status", [RaffleStatus.DRAWN, RaffleStatus.PUBLISHED])
    def test_what_is_drawn_stands(self, shop: Shop, status: RaffleStatus) -> None:
        shop.open_raffle(status=status)

        with pytest.raises(WrongStage):
            shop.raffle_admin.cancel(SPRING, reason="rain")
