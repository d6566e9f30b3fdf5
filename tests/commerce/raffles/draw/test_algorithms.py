import hashlib

from hypothesis import given
from hypothesis import strategies as st

from commerce.raffles.draw.algorithms import (
    HMAC_V1,
    RFC3797,
    WORDS,
    md5_places,
    numbers_of,
    unbiased,
    winners,
)

A, B = hashlib.sha256(b"list").hexdigest(), hashlib.sha256(b"round").hexdigest()


def test_the_published_vector_of_rfc_3797_is_drawn() -> None:
    places = md5_places("9319./2.5.8.10.12./9.18.26.34.41.45./", 25)

    assert numbers_of(places, 11) == [17, 7, 2, 16, 25, 23, 8, 24, 19, 13, 22]


def test_draws_of_today_stay_what_they_are() -> None:
    """A change here would make every published draw unverifiable."""
    drawn = {
        name: winners(name, list_sha256=A, randomness=B, tickets=1_000_000, places=4)
        for name in (HMAC_V1, RFC3797)
    }

    assert drawn == {
        HMAC_V1: [200_055, 489_005, 228_248, 739_070],
        RFC3797: [820_294, 688_617, 406_671, 567_404],
    }


@given(tickets=st.integers(1, 400), places=st.integers(1, 101), name=st.sampled_from([HMAC_V1, RFC3797]))
def test_nobody_wins_twice_with_one_ticket(tickets: int, places: int, name: str) -> None:
    numbers = winners(name, list_sha256=A, randomness=B, tickets=tickets, places=places)

    assert len(numbers) == len(set(numbers)) == min(tickets, places)
    assert all(1 <= number <= tickets for number in numbers)


@given(drawn=st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_a_place_counts_the_tickets_that_are_left(drawn: list[int]) -> None:
    left = list(range(1, 31))
    places = [number % (30 - turn) for turn, number in enumerate(drawn)]

    assert numbers_of(iter(places), len(places)) == [left.pop(place) for place in places]


def test_a_word_past_the_last_whole_multiple_is_thrown_away() -> None:
    beyond = WORDS - WORDS % 3

    assert unbiased(iter([beyond, WORDS - 1, 7]), 3) == 1
    assert unbiased(iter([beyond - 1]), 3) == 2
