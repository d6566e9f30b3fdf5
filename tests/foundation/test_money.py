from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.money import Money

AMOUNTS = st.integers(-(10**12), 10**12).map(Money)


class TestMoney:
    @pytest.mark.parametrize(
        ("dollars", "cents"),
        [("197.00", 19_700), ("0.29", 29), (Decimal("1.1"), 110), (5, 500), ("-0.01", -1)],
    )
    def test_dollars_become_exact_cents(self, dollars: str | Decimal | int, cents: int) -> None:
        assert Money.from_dollars(dollars) == Money(cents)

    @pytest.mark.parametrize("dollars", ["1.001", "0.005"])
    def test_parts_of_a_cent_are_refused(self, dollars: str) -> None:
        with pytest.raises(ValueError, match="more than two decimals"):
            Money.from_dollars(dollars)

    @given(amount=AMOUNTS)
    def test_dollars_and_back_is_the_same_amount(self, amount: Money) -> None:
        assert Money.from_dollars(amount.dollars) == amount

    @given(first=AMOUNTS, second=AMOUNTS)
    def test_what_was_added_can_be_taken_away(self, first: Money, second: Money) -> None:
        assert first + second - second == first

    @pytest.mark.parametrize(
        ("cents", "percent", "share"), [(2_800, 30, 840), (5, 10, 1), (4, 10, 0), (999, 20, 200)]
    )
    def test_a_share_is_rounded_half_up(self, cents: int, percent: int, share: int) -> None:
        assert Money(cents).percent(percent) == Money(share)

    @pytest.mark.parametrize(
        ("cents", "said"),
        [(19_700, "$197.00"), (5, "$0.05"), (-150, "-$1.50"), (123_456_789, "$1,234,567.89")],
    )
    def test_it_is_said_as_on_a_price_tag(self, cents: int, said: str) -> None:
        assert str(Money(cents)) == said

    def test_a_count_multiplies(self) -> None:
        assert Money(2_800) * 3 == Money(8_400)

    def test_currencies_do_not_add_up(self) -> None:
        with pytest.raises(ValueError, match="do not add up"):
            Money(1) + Money(1, "EUR")
