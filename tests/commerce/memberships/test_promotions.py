from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from commerce.memberships.models import Entitlements, Tier
from commerce.memberships.promotions import Promotion, member_price
from foundation.money import Money

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GOLD = Entitlements(Tier.GOLD, percent=30)


def promotion(number: int = 1, **changed: object) -> Promotion:
    usual: dict[str, object] = {
        "id": f"pro_{number}",
        "title": "Spring",
        "tiers": frozenset({Tier.GOLD}),
        "starts_at": NOW,
        "ends_at": NOW + timedelta(days=1),
    }
    return Promotion(**(usual | changed))  # type: ignore[arg-type]


def price(
    *promotions: Promotion, of: int = 20_00, entitlements: Entitlements = GOLD, at: datetime = NOW
) -> tuple[int, str | None]:
    found = member_price(
        Money(of),
        entitlements=entitlements,
        product_id="prd_1",
        category="edible",
        promotions=promotions,
        at=at,
    )
    return found.price.cents, found.promotion_id


def test_discount_and_promotion_do_not_add_up_the_better_counts() -> None:
    assert price(promotion(percent=20)) == (14_00, None)
    assert price(promotion(percent=40)) == (12_00, "pro_1")


def test_best_of_several_promotions_makes_the_price() -> None:
    assert price(promotion(1, percent=40), promotion(2, off=Money(9_00)), promotion(3, percent=41)) == (
        11_00,
        "pro_2",
    )


def test_it_counts_for_its_product_its_category_its_tier_and_its_time_alone() -> None:
    others = (
        promotion(percent=90, product_id="prd_2"),
        promotion(percent=90, category="flower"),
        promotion(percent=90, tiers=frozenset({Tier.BRONZE})),
        promotion(percent=90, ends_at=NOW),
    )

    assert price(*others) == (14_00, None)
    assert price(promotion(percent=90, product_id="prd_1"), promotion(2, percent=50, category="edible")) == (
        2_00,
        "pro_1",
    )
    assert price(promotion(percent=90), entitlements=Entitlements()) == (20_00, None)


@given(
    st.integers(0, 500_00),
    st.lists(
        st.one_of(
            st.integers(1, 100).map(lambda p: {"percent": p}),
            st.integers(1, 900_00).map(lambda c: {"off": Money(c)}),
        ),
        max_size=4,
    ),
)
def test_price_is_never_below_nothing_nor_above_the_discounted(
    cents: int, offers: list[dict[str, object]]
) -> None:
    promotions = [promotion(number, **offer) for number, offer in enumerate(offers)]

    found, _ = price(*promotions, of=cents)

    assert 0 <= found <= cents - Money(cents).percent(30).cents
