import pytest

from commerce.raffles.models import RaffleStatus
from foundation.money import Money
from tests.tools.conftest import Counter


def numbers(counter: Counter, who: str = "cus_ana") -> list[int]:
    return [ticket.number for ticket in counter.shop.raffles.my_tickets(who)]


class TestListRaffles:
    def test_open_raffles_are_shown_whole(self, counter: Counter) -> None:
        counter.shop.open_raffle()

        result = counter.ask("list_raffles", who="gst_1")

        assert result.say == (
            "One raffle is open:\n1. Spring Raffle — win a glass bong. $5.00 a ticket, "
            "at most 10 tickets a customer, 100 of 100 left. Closes on 8 March 2026."
        )
        assert result.cards[0].price == "5.00"

    def test_no_open_raffle_is_stated_as_such(self, counter: Counter) -> None:
        assert counter.ask("list_raffles").say == "No raffle is open at the moment."


class TestBuyRaffleTickets:
    @pytest.mark.parametrize("raffle", ["raf_spring", "Spring Raffle", "spring raffle"])
    def test_call_is_only_a_question_with_the_total(self, counter: Counter, raffle: str) -> None:
        counter.shop.open_raffle()

        result = counter.ask("buy_raffle_tickets", raffle=raffle, quantity=3)

        assert result.say == (
            "3 tickets for Spring Raffle at $5.00 each: $15.00 in all, charged to your card ending 1111. "
            "Shall I go ahead?"
        )
        assert (numbers(counter), counter.shop.charges()) == ([], 0)

    def test_yes_buys_the_tickets_that_were_shown(self, counter: Counter) -> None:
        counter.shop.open_raffle()
        counter.ask("buy_raffle_tickets", raffle="raf_spring", quantity=3)

        result = counter.agree()

        assert result.say == (
            "Done: in Spring Raffle you have numbers 1, 2 and 3. $15.00 was charged to your card. Good luck!"
        )
        assert (numbers(counter), counter.shop.charged()) == ([1, 2, 3], Money(15_00))

    @pytest.mark.parametrize("quantity", [0, -1, 101, "many", 1.5])
    def test_quantity_that_is_none_is_refused(self, counter: Counter, quantity: object) -> None:
        counter.shop.open_raffle()

        assert counter.ask("buy_raffle_tickets", raffle="raf_spring", quantity=quantity).is_error

    def test_more_than_the_share_is_refused_before_the_question(self, counter: Counter) -> None:
        counter.shop.open_raffle()

        result = counter.ask("buy_raffle_tickets", raffle="raf_spring", quantity=11)

        assert "10 tickets a customer" in result.say
        assert counter.catalog.confirmations.waiting("thr_cus_ana") is None

    def test_unknown_raffle_is_refused_in_words(self, counter: Counter) -> None:
        result = counter.ask("buy_raffle_tickets", raffle="raf_none", quantity=1)

        assert (result.say, result.is_error) == ("There is no such raffle.", True)


class TestMyRaffleTickets:
    def test_own_tickets_are_shown_by_raffle_and_nobody_elses(self, counter: Counter) -> None:
        counter.shop.open_raffle()
        counter.shop.open_raffle(id="raf_summer", title="Summer Raffle")
        ben = counter.shop.welcome("ben")
        for customer_id, raffle_id, quantity in (
            ("cus_ana", "raf_summer", 1), (ben, "raf_spring", 1), ("cus_ana", "raf_spring", 2)
        ):  # fmt: skip
            counter.shop.raffles.buy_tickets(
                customer_id, raffle_id=raffle_id, quantity=quantity, key=f"{customer_id}-{raffle_id}"
            )

        result = counter.ask("my_raffle_tickets")

        assert result.say == (
            "You have 3 raffle tickets:\n- Spring Raffle: numbers 2 and 3\n- Summer Raffle: number 1"
        )

    def test_no_tickets_are_stated_as_such(self, counter: Counter) -> None:
        assert counter.ask("my_raffle_tickets").say == "You have no raffle tickets."


@pytest.fixture
def drawn(counter: Counter) -> list[int]:
    """The winning numbers of a raffle in which Ana and Ben have five tickets each."""
    shop = counter.shop
    shop.open_raffle(runners_up=2)
    shop.welcome("ben")
    for who in ("cus_ana", "cus_ben"):
        shop.raffles.buy_tickets(who, raffle_id="raf_spring", quantity=5, key=who)
    for step in (shop.raffle_draws.close, shop.raffle_draws.draw, shop.raffle_draws.publish):
        step("raf_spring")
    return list(shop.draw_proofs.results()[0].numbers)


class TestRaffleResults:
    def test_winning_tickets_are_shown_to_anybody(self, counter: Counter, drawn: list[int]) -> None:
        first, second, third = drawn

        assert counter.ask("raffle_results", who="gst_1").say == (
            "These raffles were drawn last:\n- Spring Raffle (a glass bong), drawn on 1 March 2026: "
            f"ticket {first} won; runners-up: {second} and {third}"
        )

    def test_only_the_winner_is_shown_that_they_won(self, counter: Counter, drawn: list[int]) -> None:
        told = {who: counter.ask("my_raffle_tickets", who=who).say for who in ("cus_ana", "cus_ben")}

        winner, other = ("cus_ana", "cus_ben") if drawn[0] <= 5 else ("cus_ben", "cus_ana")
        assert told[winner].endswith(f"Drawn: your number {drawn[0]} won!")
        assert told[other].endswith(f"Drawn: number {drawn[0]} won")

    def test_what_is_not_published_is_not_shown(self, counter: Counter) -> None:
        counter.shop.open_raffle(status=RaffleStatus.DRAWN)

        assert counter.ask("raffle_results").say == "No raffle has been drawn yet."


class TestRaffleProof:
    def test_what_decides_is_stated_as_it_is(self, counter: Counter, drawn: list[int]) -> None:
        said = counter.ask("raffle_proof", who="gst_1").say

        assert "secret number" in said
        assert "drand" not in said
        assert said.endswith(
            f"The last one was Spring Raffle: ticket {drawn[0]} won. "
            "Its tickets and the draw are at /api/raffles/raf_spring/proof."
        )
