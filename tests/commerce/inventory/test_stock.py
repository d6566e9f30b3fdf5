from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest

from commerce.inventory.models import (
    Category,
    MembersOnly,
    NotReleased,
    OutOfStock,
    ProductQuery,
    Wanted,
    mark,
    refusal,
)
from commerce.inventory.service import Inventory
from foundation.money import Money
from tests.fakes import FakeClock
from tests.shop import Shop, product

NOW = FakeClock().now


def reserve(inventory: Inventory, pieces: Mapping[int, int], *, key: str = "k1") -> None:
    wanted = [Wanted(product(number), count) for number, count in pieces.items()]
    inventory.reserve(wanted, key=key, until=NOW + timedelta(minutes=15))


def stock(shop: Shop) -> dict[str, tuple[int, int]]:
    return {each.id: (each.quantity, each.reserved) for each in shop.inventory.products()}


@pytest.fixture
def inventory(shop: Shop) -> Inventory:
    shop.inventory.put([product(1, quantity=10), product(2, name="Deep Bear Gummies", quantity=3)])
    return shop.inventory


class TestReserve:
    def test_reserved_pieces_are_nobody_elses(self, shop: Shop, inventory: Inventory) -> None:
        reserve(inventory, {1: 4, 2: 3})

        assert stock(shop) == {"prd_1": (10, 4), "prd_2": (3, 3)}
        assert [each.id for each in inventory.search(ProductQuery())] == ["prd_1"]

    def test_one_missing_product_reserves_nothing(self, shop: Shop, inventory: Inventory) -> None:
        with pytest.raises(OutOfStock, match="only 3 left of Deep Bear Gummies"):
            reserve(inventory, {1: 4, 2: 4})

        assert stock(shop) == {"prd_1": (10, 0), "prd_2": (3, 0)}

    def test_confirmed_pieces_leave_the_shelf_once(self, shop: Shop, inventory: Inventory) -> None:
        reserve(inventory, {1: 4})

        assert [inventory.confirm("k1"), inventory.confirm("k1"), inventory.release("k1")] == [
            True,
            False,
            False,
        ]
        assert stock(shop)["prd_1"] == (6, 0)

    def test_lapsed_reservation_is_swept(self, shop: Shop, inventory: Inventory) -> None:
        reserve(inventory, {1: 4, 2: 1})
        reserve(inventory, {1: 1}, key="k2")
        inventory.keep("k2", until=NOW + timedelta(days=3))

        swept = [inventory.sweep(NOW + timedelta(minutes=minutes)) for minutes in (14, 16, 16)]

        assert swept == [0, 1, 0]
        assert stock(shop) == {"prd_1": (10, 1), "prd_2": (3, 0)}

    def test_new_count_from_the_catalogue_keeps_what_is_reserved(
        self, shop: Shop, inventory: Inventory
    ) -> None:
        reserve(inventory, {1: 4})

        inventory.put([product(1, quantity=8)])

        assert stock(shop)["prd_1"] == (8, 4)

    def test_eighty_baskets_at_once_neither_deadlock_nor_oversell(
        self, shop: Shop, inventory: Inventory
    ) -> None:
        inventory.put([product(number, quantity=20) for number in range(1, 7)])
        dice = np.random.default_rng(3)
        baskets = [
            {int(n): int(dice.integers(1, 4)) for n in dice.choice(range(1, 7), size=3, replace=False)}
            for _ in range(80)
        ]

        def buy(number: int) -> dict[int, int]:
            try:
                reserve(inventory, baskets[number], key=f"k{number}")
            except OutOfStock:
                return {}
            ended = inventory.confirm(f"k{number}") if number % 3 else inventory.release(f"k{number}")
            assert ended
            return baskets[number] if number % 3 else {}

        with ThreadPoolExecutor(16) as buyers:
            bought = list(buyers.map(buy, range(80)))

        sold = {n: sum(basket.get(n, 0) for basket in bought) for n in range(1, 7)}
        assert stock(shop) == {f"prd_{n}": (20 - sold[n], 0) for n in range(1, 7)}
        assert max(sold.values()) > 10


@pytest.mark.usefixtures("inventory")
def test_refusal_says_how_many_are_left(shop: Shop) -> None:
    with pytest.raises(OutOfStock) as refused:
        reserve(shop.inventory, {1: 11}, key="too many")
    reserve(shop.inventory, {1: 10})

    assert refused.value.details["left"] == 10


class TestWhoMayBuy:
    @pytest.mark.parametrize(
        ("tier", "hours", "refused", "marked"),
        [
            (None, -49, NotReleased, "coming soon"),
            ("BRONZE", -1, NotReleased, "coming soon"),
            ("SILVER", -25, NotReleased, "coming soon"),
            ("SILVER", -24, None, "early access for you"),
            ("GOLD", -48, None, "early access for you"),
            (None, 0, None, None),
        ],
    )
    def test_better_members_buy_new_products_earlier(
        self, tier: str | None, hours: int, refused: type | None, marked: str | None
    ) -> None:
        new = product(released_at=NOW)
        at = NOW + timedelta(hours=hours)

        assert type(refusal(new, tier=tier, at=at)) is (refused or type(None))
        assert mark(new, tier=tier, at=at) == marked

    def test_exclusive_product_is_for_its_tier_and_better_ones(self) -> None:
        rare = product(min_tier="SILVER")

        kinds = [type(refusal(rare, tier=tier, at=NOW)) for tier in (None, "BRONZE", "SILVER", "GOLD")]

        assert kinds == [MembersOnly, MembersOnly, type(None), type(None)]
        assert mark(rare, tier="BRONZE", at=NOW) == "Silver and Gold members only"


@pytest.mark.parametrize(
    ("given", "category"),
    [
        ("Edible", Category.EDIBLE),
        (" vape ", Category.VAPE),
        (None, Category.UNNAMED),
        ("CBD", "Hemp Product"),
    ],
)
def test_category_of_a_point_of_sale_is_ours_or_the_default(given: str | None, category: str) -> None:
    assert Category.named(given) == category


def test_catalogue_sees_both_a_new_price_and_moved_stock(shop: Shop, inventory: Inventory) -> None:
    assert stock(shop)["prd_1"] == (10, 0)

    Inventory(shop.ledger).put([product(1, price=Money(9_99), quantity=10)])
    reserve(Inventory(shop.ledger), {1: 2})

    seen = inventory.by_name("prd_1")
    assert (seen.price, seen.free) == (Money(9_99), 8)
