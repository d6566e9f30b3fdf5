import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.predictions.rhythm import Purchases, outcomes, rhythms

TODAY, DAYS = 30, 20
ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 59), st.integers(0, 9_999)), max_size=40)


def purchases(rows: list[tuple[int, int, int]]) -> Purchases:
    customer, day, spent = np.array(rows, np.int64).reshape(-1, 3).T
    return Purchases(customer, day, spent.astype(np.float64))


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_rhythms_are_those_that_one_would_count_by_hand(rows: list[tuple[int, int, int]]) -> None:
    past = rhythms(purchases(rows), today=TODAY)

    by_hand = {}
    for who in sorted({who for who, day, _ in rows if day < TODAY}):
        days = {day for each, day, _ in rows if each == who and day < TODAY}
        spent = sum(cents for each, day, cents in rows if each == who and day < TODAY)
        by_hand[who] = (len(days) - 1, max(days) - min(days), TODAY - min(days), spent / len(days))
    columns = zip(past.frequency, past.recency, past.age, past.basket, strict=True)
    assert dict(zip(past.customer.tolist(), map(tuple, columns), strict=True)) == by_hand


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_outcomes_are_those_of_known_customers_within_the_days(rows: list[tuple[int, int, int]]) -> None:
    past = rhythms(purchases(rows), today=TODAY)

    after = outcomes(purchases(rows), past, today=TODAY, days=DAYS)

    for row, who in enumerate(past.customer.tolist()):
        later = [(d, cents) for each, d, cents in rows if each == who and TODAY <= d < TODAY + DAYS]
        assert after.purchases[row] == len({day for day, _ in later})
        assert after.first[row] == min((day - TODAY for day, _ in later), default=np.inf)
        assert after.spent[row] == sum(cents for _, cents in later)
