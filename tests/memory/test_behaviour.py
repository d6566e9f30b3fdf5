from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from memory.behaviour import Behaviour, behaviour_of
from memory.statements.models import Origin
from tests.memory.conftest import NOON


@dataclass(frozen=True)
class Purchase:
    at: datetime
    amount_cents: int
    products: tuple[str, ...]


def bought(day: float, cents: int, *products: str) -> Purchase:
    return Purchase(NOON + timedelta(days=day), cents, products)


purchases = st.lists(
    st.builds(
        bought,
        st.floats(0, 300),
        st.integers(0, 50_000),
        st.sampled_from(["prd_a", "prd_b"]),
    ),
    max_size=8,
)


class TestBehaviour:
    def test_purchases_add_up(self) -> None:
        behaviour = behaviour_of(
            [bought(0, 4000, "prd_a", "prd_a"), bought(7, 3000, "prd_b"), bought(14, 1000)]
        )

        assert (behaviour.purchases, behaviour.spent_cents, behaviour.average_cents) == (3, 8000, 2667)
        assert (behaviour.least_cents, behaviour.most_cents) == (2000, 3000)
        assert behaviour.favourite_products == ["prd_a", "prd_b"]
        assert behaviour.frequency == "weekly"

    def test_nobody_is_told_a_rhythm_from_one_purchase(self) -> None:
        assert behaviour_of([bought(0, 4000, "prd_a")]).frequency is None
        assert Behaviour().average_cents is None

    @given(purchases, st.randoms())
    def test_it_is_the_same_in_any_order_and_in_any_batches(self, made: list[Purchase], rng: object) -> None:
        shuffled = list(made)
        rng.shuffle(shuffled)  # type: ignore[attr-defined]

        half = behaviour_of(shuffled[:3])

        assert behaviour_of(shuffled[3:], start=half).to_bytes() == behaviour_of(made).to_bytes()

    def test_a_preference_shows_where_most_pieces_are_of_a_kind(self) -> None:
        kinds = {"prd_a": "edible", "prd_b": "vape"}
        few, many = bought(0, 100, "prd_a"), bought(1, 100, *["prd_a"] * 4, "prd_b")

        (claim,) = behaviour_of([few, many]).suggests(kinds)

        assert (claim.value, claim.origin, claim.confidence) == ("edible", Origin.BEHAVIOUR, 0.83)
        assert behaviour_of([few]).suggests(kinds) == []
        assert behaviour_of([many, bought(2, 100, "prd_b", "prd_b", "prd_b")]).suggests(kinds) == []
