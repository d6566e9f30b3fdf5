from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from commerce.raffles.draw.bundle import PATIENCE, WAIT, Bundle, Commitment
from commerce.raffles.draw.tickets import holder
from commerce.raffles.draw.verification import verify
from commerce.raffles.draw_store import TICKETS_A_BLOCK, NotCommitted, list_blocks, raffle_draws
from commerce.raffles.draws import BEFORE_PUBLISHING, BeaconAway, ListChanged, TooEarly
from commerce.raffles.models import Raffle, RaffleClosed, RaffleStatus, WrongStage
from commerce.raffles.store import raffle_tickets
from demo.beacon import OwnBeacon
from foundation.errors import ShopError
from foundation.outbox import OUTBOX
from tests.crashes import Killed, then_killed
from tests.fakes import FakeClock
from tests.shop import Shop

SPRING = "raf_spring"
MANY = """
INSERT INTO raffle_tickets (id, raffle_id, number, customer_id, purchase_id, issued_at)
SELECT 'tkt_' || n, 'raf_spring', n, 'cus_' || n / 9, 'rfp_1', now() FROM generate_series(8, :last) AS n
"""
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.slow


@pytest.fixture
def raffle(shop: Shop) -> Raffle:
    """Open, promised, with seven tickets of Ana's and Ben's."""
    raffle = shop.open_raffle(runners_up=2)
    shop.raffle_draws.promise(raffle.id)
    for name, quantity in (("ana", 2), ("ben", 3), ("cleo", 2)):
        shop.raffles.buy_tickets(shop.welcome(name), raffle_id=raffle.id, quantity=quantity, key=name)
    return raffle


def bundle(shop: Shop) -> Bundle:
    return Bundle.model_validate_json(shop.draw_proofs.bundle(SPRING))


def committed(shop: Shop) -> Commitment:
    commitment = shop.draw_proofs.progress(SPRING).commitment
    assert commitment is not None
    return commitment


def wrong(shop: Shop, beacon: OwnBeacon) -> list[str]:
    checks = verify(bundle(shop), chains={beacon.chain.hash: beacon.chain})
    return [f"{check.name}: {check.says}" for check in checks if not check.is_right]


def notices(shop: Shop) -> list[dict[str, Any]]:
    with shop.ledger.transaction() as connection:
        told = connection.execute(select(OUTBOX.c.payload).where(OUTBOX.c.topic == "notices")).scalars()
        return [dict(payload) for payload in told]


def drawn(shop: Shop, clock: FakeClock) -> Raffle:
    shop.raffle_draws.close(SPRING)
    clock.advance(WAIT + MINUTE)
    return shop.raffle_draws.draw(SPRING)


@pytest.mark.usefixtures("raffle")
class TestWhole:
    def test_a_draw_from_opening_to_publishing_convinces_a_stranger(
        self, shop: Shop, clock: FakeClock, beacon: OwnBeacon
    ) -> None:
        promised = shop.draw_proofs.progress(SPRING).seed_sha256
        shop.raffle_draws.close(SPRING)
        noted = committed(shop).sha256()
        clock.advance(WAIT + MINUTE)
        shop.raffle_draws.draw(SPRING)
        shop.raffle_draws.publish(SPRING)

        checks = verify(bundle(shop), published=noted, chains={beacon.chain.hash: beacon.chain})

        assert [check.says for check in checks if not check.is_right] == []
        assert bundle(shop).commitment.seed_sha256 == promised

    def test_the_clock_alone_brings_it_there(self, shop: Shop, clock: FakeClock, beacon: OwnBeacon) -> None:
        stages = []
        for wait in (timedelta(days=7), WAIT + MINUTE, BEFORE_PUBLISHING, MINUTE):
            clock.advance(wait)
            shop.raffle_draws.keep_time()
            stages.append(shop.raffles.find(SPRING).status.value)

        assert stages == ["closed", "drawn", "published", "published"]
        assert wrong(shop, beacon) == []

    def test_those_who_won_are_told_once_and_the_warehouse_hears_of_it(
        self, shop: Shop, clock: FakeClock
    ) -> None:
        drawn(shop, clock)
        for _ in range(2):
            shop.raffle_draws.publish(SPRING)

        result = shop.draw_proofs.results()[0]
        told = sorted((each for each in notices(shop) if "place" in each), key=lambda each: each["place"])
        [last] = [each for each in shop.events("raffles") if each["status"] == "published"]
        winners = {each["ticket_number"] for each in shop.events("raffle_tickets") if each["is_winner"]}
        assert [each["number"] for each in told] == list(result.numbers)
        assert [each["template"] for each in told] == ["raffle_winner", *["raffle_runner_up"] * 2]
        assert last["winner_ticket_number"] == result.numbers[0]
        assert winners == {result.numbers[0]}

    def test_a_customer_finds_themselves_in_the_public_list_and_nobody_else_does(self, shop: Shop) -> None:
        shop.open_raffle(id="raf_other")
        shop.raffle_draws.promise("raf_other")
        shop.raffle_draws.close(SPRING)

        mine = shop.draw_proofs.holder("cus_ana", raffle_id=SPRING)

        holders = [line.split() for line in bundle(shop).tickets]
        assert [number for number, who in holders if who == mine] == ["1", "2"]
        assert mine != shop.draw_proofs.holder("cus_ana", raffle_id="raf_other")
        assert b"cus_" not in shop.draw_proofs.bundle(SPRING)

    def test_the_database_names_holders_as_the_published_procedure_does(self, shop: Shop) -> None:
        with shop.ledger.transaction() as connection:
            told = b"".join(list_blocks(connection, SPRING, holder_key=b"k" * 32)).decode()

        buyers = ["cus_ana"] * 2 + ["cus_ben"] * 3 + ["cus_cleo"] * 2
        assert told.splitlines() == [f"{at} {holder(b'k' * 32, who)}" for at, who in enumerate(buyers, 1)]

    def test_a_list_of_more_than_one_block_is_whole_and_in_order(self, shop: Shop) -> None:
        with shop.ledger.transaction() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(MANY), {"last": TICKETS_A_BLOCK * 2 + 1})
            blocks = list(list_blocks(connection, SPRING, holder_key=b"k" * 32))

        numbers = [int(line.split()[0]) for line in b"".join(blocks).splitlines()]
        assert (len(blocks), numbers) == (3, list(range(1, TICKETS_A_BLOCK * 2 + 2)))


@pytest.mark.usefixtures("raffle")
class TestClose:
    def test_no_ticket_is_sold_afterwards_and_the_round_is_still_to_come(
        self, shop: Shop, beacon: OwnBeacon
    ) -> None:
        shop.raffle_draws.close(SPRING)

        commitment = committed(shop)
        assert commitment.round is not None
        assert commitment.round.number > beacon.network.latest
        assert (commitment.tickets, commitment.places) == (7, 3)
        with pytest.raises(RaffleClosed):
            shop.raffles.buy_tickets("cus_ana", raffle_id=SPRING, quantity=1, key="late")

    def test_nothing_is_shown_of_the_seed_or_the_winners_before_publishing(
        self, shop: Shop, clock: FakeClock
    ) -> None:
        with pytest.raises(NotCommitted):
            shop.draw_proofs.bundle(SPRING)

        drawn(shop, clock)

        assert bundle(shop).outcome is None
        assert shop.draw_proofs.results() == []

    def test_without_a_ticket_it_is_over(self, shop: Shop) -> None:
        shop.open_raffle(id="raf_empty")

        assert shop.raffle_draws.close("raf_empty").status is RaffleStatus.CANCELLED

    def test_closed_again_it_keeps_its_commitment(self, shop: Shop, clock: FakeClock) -> None:
        shop.raffle_draws.close(SPRING)
        noted = committed(shop)
        clock.advance(MINUTE)

        shop.raffle_draws.close(SPRING)

        assert committed(shop) == noted

    def test_a_crash_leaves_it_open(self, shop: Shop) -> None:
        with pytest.raises(Killed):
            then_killed(shop.ledger, lambda: shop.raffle_draws.close(SPRING))

        assert shop.raffles.find(SPRING).status is RaffleStatus.OPEN
        assert shop.raffle_draws.close(SPRING).status is RaffleStatus.CLOSED


@pytest.mark.usefixtures("raffle")
class TestDraw:
    def test_the_round_is_waited_for(self, shop: Shop, clock: FakeClock, beacon: OwnBeacon) -> None:
        shop.raffle_draws.close(SPRING)
        clock.advance(WAIT - timedelta(seconds=1))

        with pytest.raises(TooEarly):
            shop.raffle_draws.draw(SPRING)

        assert beacon.network.asked == 0

    def test_two_workers_at_once_and_one_later_find_one_result(self, shop: Shop, clock: FakeClock) -> None:
        shop.raffle_draws.close(SPRING)
        clock.advance(WAIT + MINUTE)

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(lambda _: shop.raffle_draws.draw(SPRING), range(6)))
        first = shop.draw_proofs.progress(SPRING).result
        clock.advance(MINUTE)
        shop.raffle_draws.draw(SPRING)

        assert shop.draw_proofs.progress(SPRING).result == first
        assert [each["status"] for each in shop.events("raffles")].count("drawn") == 1

    def test_a_crash_before_the_commit_changes_nothing_of_who_wins(
        self, shop: Shop, clock: FakeClock
    ) -> None:
        shop.raffle_draws.close(SPRING)
        clock.advance(WAIT + MINUTE)
        seen: list[object] = []

        def peek() -> None:
            shop.raffle_draws.draw(SPRING)
            seen.append(shop.draw_proofs.progress(SPRING).result)

        with pytest.raises(Killed):
            then_killed(shop.ledger, peek)
        clock.advance(MINUTE)
        shop.raffle_draws.draw(SPRING)

        before, after = seen[0], shop.draw_proofs.progress(SPRING).result
        assert before.numbers == after.numbers  # type: ignore[attr-defined, union-attr]

    @pytest.mark.parametrize("fault", [{"is_out": True}, {"shift": 1}])
    def test_a_beacon_that_is_silent_or_lies_is_asked_again(
        self, shop: Shop, clock: FakeClock, beacon: OwnBeacon, fault: dict[str, Any]
    ) -> None:
        shop.raffle_draws.close(SPRING)
        clock.advance(WAIT + MINUTE)
        vars(beacon.network).update(fault)
        with pytest.raises(BeaconAway):
            shop.raffle_draws.draw(SPRING)

        vars(beacon.network).update(is_out=False, shift=0)
        shop.raffle_draws.draw(SPRING)
        shop.raffle_draws.publish(SPRING)

        assert wrong(shop, beacon) == []

    def test_after_a_day_without_the_beacon_the_promised_seed_decides(
        self, shop: Shop, clock: FakeClock, beacon: OwnBeacon
    ) -> None:
        beacon.network.is_out = True
        shop.raffle_draws.close(SPRING)
        clock.advance(WAIT + PATIENCE + MINUTE)

        shop.raffle_draws.keep_time()
        shop.raffle_draws.publish(SPRING)

        outcome = bundle(shop).outcome
        assert outcome is not None
        assert outcome.randomness.source == "seed"
        assert wrong(shop, beacon) == []

    def test_a_shop_without_a_beacon_draws_by_its_promise_and_says_so_at_closing(
        self, shop: Shop, clock: FakeClock, beacon: OwnBeacon
    ) -> None:
        alone = Shop(shop.ledger, clock)
        alone.raffle_draws.close(SPRING)

        alone.raffle_draws.draw(SPRING)
        alone.raffle_draws.publish(SPRING)

        assert bundle(shop).commitment.source == "seed"
        assert wrong(shop, beacon) == []

    @pytest.mark.parametrize("meddle", [
        lambda tickets: tickets.where(raffle_tickets.c.number == 1).values(customer_id="cus_ben"),
        lambda tickets: tickets.where(raffle_tickets.c.number == 7).values(number=8),
    ])  # fmt: skip
    def test_tickets_changed_behind_the_rules_back_stop_it(
        self, shop: Shop, clock: FakeClock, meddle: Callable[[Any], Any]
    ) -> None:
        shop.raffle_draws.close(SPRING)
        clock.advance(WAIT + MINUTE)
        with shop.ledger.transaction() as connection:
            connection.execute(meddle(update(raffle_tickets)))

        with pytest.raises(ListChanged):
            shop.raffle_draws.draw(SPRING)

    def test_one_that_cannot_be_closed_keeps_no_other_waiting(self, shop: Shop, clock: FakeClock) -> None:
        shop.open_raffle(id="raf_other", closes_at=shop.raffles.find(SPRING).closes_at + MINUTE)
        with shop.ledger.transaction() as connection:
            connection.execute(update(raffle_draws).values(holder_key_sealed="broken"))
        clock.advance(timedelta(days=8))

        shop.raffle_draws.keep_time()

        assert shop.raffles.find(SPRING).status is RaffleStatus.OPEN
        assert shop.raffles.find("raf_other").status is RaffleStatus.CANCELLED

    def test_an_open_raffle_is_not_drawn(self, shop: Shop) -> None:
        with pytest.raises(WrongStage, match="Spring Raffle is open, so you cannot draw it"):
            shop.raffle_draws.draw(SPRING)


def test_whoever_buys_while_it_closes_is_in_the_list_or_paid_back(shop: Shop) -> None:
    raffle = shop.open_raffle()
    shop.raffles.buy_tickets(shop.welcome("first"), raffle_id=SPRING, quantity=1, key="first")
    buyers = [shop.welcome(f"buyer{number}") for number in range(24)]

    def attempt(number: int) -> int:
        if number == 8:
            shop.raffle_draws.close(SPRING)
            return 0
        try:
            bought = shop.raffles.buy_tickets(buyers[number], raffle_id=SPRING, quantity=2, key=f"k{number}")
        except ShopError:
            return 0
        return len(bought.tickets)

    with ThreadPoolExecutor(8) as threads:
        issued = sum(threads.map(attempt, range(24)))

    listed = {line.split()[1] for line in bundle(shop).tickets}
    named = {shop.draw_proofs.holder(each, raffle_id=SPRING): each for each in [*buyers, "cus_first"]}
    assert len(bundle(shop).tickets) == issued + 1
    assert shop.charged() == raffle.ticket_price * (issued + 1)
    assert listed == {who for who, each in named.items() if shop.raffles.my_tickets(each)}
