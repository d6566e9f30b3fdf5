from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from demo.generator.catalogue import products
from demo.generator.config import Shock, ShopConfig
from demo.generator.regulars import favourites
from demo.generator.segments import EFFECTS, Segment
from demo.generator.shop import Shard, Shop, moment, moments
from demo.generator.talk import exchanges
from demo.generator.visits import COMPLAINT_RATE

ONE_KIND = Segment("one", 1.0, 0.9, 45.0, 0.8, 3.2, 3.0, 5.0, 0.2, {})
PLAIN = ShopConfig(
    customers=20_000,
    segments=(ONE_KIND,),
    season=0.0,
    membership_uplift=1.0,
    complaint_factor=1.0,
    stock_outs=0,
)
UNDER_FORTY = 4000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def plain() -> Shard:
    return Shop(PLAIN).shard(0)


@pytest.fixture(scope="module")
def lively() -> tuple[Shop, Shard]:
    """With every switch at its default."""
    shop = Shop(ShopConfig(customers=5_000))
    return shop, shop.shard(0)


class TestCatalogue:
    @pytest.mark.parametrize("seed", [1, 2, 3, 4])
    def test_there_is_choice_under_forty_dollars_for_each_effect(self, seed: int) -> None:
        cheap = [item for item in products(seed) if item.price_cents < UNDER_FORTY and item.stock > 0]

        for effect in EFFECTS:
            assert len({item.category for item in cheap if effect in item.effects}) >= 3, effect

    @pytest.mark.parametrize("seed", [1, 2, 3, 4])
    def test_three_hundred_products_have_names_of_their_own(self, seed: int) -> None:
        items = products(seed)

        assert len(items) == 300
        for field in ("id", "sku", "name"):
            assert len({getattr(item, field) for item in items}) == 300

    def test_twelve_come_late_and_eight_leave(self) -> None:
        items = products(1)

        assert sum(item.launched > 0 for item in items) == 12
        assert sum(not item.is_sold for item in items) == 8
        assert all(item.stock == 0 for item in items if not item.is_sold)

    def test_popularity_is_zipf(self) -> None:
        shares = np.sort([item.popularity for item in products(1)])[::-1]

        assert np.allclose(shares, np.arange(1, 301) ** -0.9)

    def test_every_product_earns_its_keep(self) -> None:
        assert all(0 < item.cost_cents < item.price_cents for item in products(1))

    @pytest.mark.parametrize("seed", [1, 2, 3, 4])
    def test_demo_customer_finds_all_four_favourites(self, seed: int) -> None:
        assert set(favourites(products(seed))) == {"gummies", "tea", "tincture", "balm"}


class TestRecovery:
    """The parameters come back from the log alone, as BG/NBD estimates them."""

    def test_rates_and_dropout_are_recovered_by_maximum_likelihood(self, plain: Shard) -> None:
        r, alpha, a, b = _fit_bg_nbd(*_summary(plain, PLAIN.days))

        assert r == pytest.approx(ONE_KIND.r, rel=0.08)
        assert alpha == pytest.approx(ONE_KIND.alpha, rel=0.08)
        assert a / (a + b) == pytest.approx(ONE_KIND.a / (ONE_KIND.a + ONE_KIND.b), rel=0.08)

    def test_rates_have_the_moments_of_their_gamma(self, plain: Shard) -> None:
        rate = plain.people.rate

        assert rate.mean() == pytest.approx(ONE_KIND.r / ONE_KIND.alpha, rel=0.04)
        assert rate.var() == pytest.approx(ONE_KIND.r / ONE_KIND.alpha**2, rel=0.10)

    def test_members_come_a_quarter_more_often(self) -> None:
        config = replace(PLAIN, membership_uplift=1.25)
        shard = Shop(config).shard(0)

        uplift, error = _uplift(shard, config.days)

        assert error < 0.05
        assert abs(uplift - 1.25) < 3 * error

    def test_complaint_doubles_the_chance_to_leave(self) -> None:
        config = replace(PLAIN, complaint_factor=2.0)
        shard = Shop(config).shard(0)

        upset, calm = _departures(shard)

        assert upset == pytest.approx(2.0, abs=0.2)
        assert calm == pytest.approx(1.0, abs=0.04)

    def test_complaints_come_at_their_rate(self, plain: Shard) -> None:
        assert plain.wanted_visits.complained.mean() == pytest.approx(COMPLAINT_RATE, rel=0.1)

    def test_regular_customers_have_even_gaps(self) -> None:
        steady = replace(ONE_KIND, r=50.0, alpha=500.0, a=0.01, b=100.0)
        config = replace(PLAIN, customers=500, segments=(steady,), regularity=4)
        shard = Shop(config).shard(0)

        gaps = _gaps(shard)

        assert gaps.mean() == pytest.approx(1.0, rel=0.03)
        assert gaps.var() == pytest.approx(1 / 4, rel=0.06)

    def test_shock_halves_the_visits_of_its_days(self, plain: Shard) -> None:
        shocked = Shop(replace(PLAIN, shock=Shock(500, 560, factor=0.5))).shard(0)

        before, after = (_repeat_visits(each, 500, 560) for each in (plain, shocked))

        assert after / before == pytest.approx(0.5, abs=0.05)

    def test_spend_follows_rate_only_when_asked(self) -> None:
        apart, tied = (
            Shop(replace(PLAIN, customers=5_000, spend_follows_rate=power)).shard(0).people
            for power in (0.0, 0.7)
        )

        assert abs(np.corrcoef(np.log(apart.rate), np.log(apart.basket))[0, 1]) < 0.05
        assert np.corrcoef(np.log(tied.rate), np.log(tied.basket))[0, 1] > 0.5


class TestLog:
    def test_truncated_log_begins_late_with_customers_already_active(self) -> None:
        config = ShopConfig(customers=2_000, log_starts_at_day=365)
        whole, truncated = (Shop(each).shard(0) for each in (replace(config, log_starts_at_day=0), config))

        first_seen = np.full(len(truncated.people), np.inf)
        np.minimum.at(first_seen, truncated.visits.customer, truncated.visits.at)

        assert np.array_equal(truncated.wanted_visits.at, whole.wanted_visits.at)
        assert np.array_equal(truncated.visits.at, whole.visits.at[whole.visits.at >= 365])
        assert truncated.talks.at.min() >= 365
        assert (np.isfinite(first_seen) & (truncated.people.acquired < 365)).sum() > 200

    def test_nothing_is_sold_before_its_launch_or_after_its_end(self, lively: tuple[Shop, Shard]) -> None:
        shop, shard = lively
        at = shard.visits.at[shard.lines.visit]

        assert shop.shelf.on_sale(shard.lines.product, at).all()

    def test_stock_outs_hide_demand_that_the_truth_keeps(self, lively: tuple[Shop, Shard]) -> None:
        shop, shard = lively
        at = shard.visits.at[shard.lines.visit]

        assert shard.wanted_lines.lost.sum() > 5
        assert not shop.shelf.missing(shard.lines.product, at).any()
        assert len(shard.wanted_lines.visit) == len(shard.lines.visit) + shard.wanted_lines.lost.sum()

    def test_receipt_takes_the_discount_from_the_day_of_joining(self, lively: tuple[Shop, Shard]) -> None:
        shop, shard = lively
        receipts = shard.receipts(shop.shelf)
        joined = shard.lives.joined[shard.visits.customer] <= shard.visits.at
        gold = joined & (shard.enrolment.tier[shard.visits.customer] == 2)

        assert (receipts.discount[~joined] == 0).all()
        assert gold.sum() > 50
        assert (abs(receipts.discount[gold] - 0.3 * receipts.subtotal[gold]) <= 0.5).all()

    def test_members_and_entrants_are_of_proven_age(self, lively: tuple[Shop, Shard]) -> None:
        shop, shard = lively
        enrolment, entries = shard.enrolment, shard.entries
        joined = shard.lives.joined
        members = np.isfinite(joined)

        assert enrolment.is_proven(np.where(members, joined, np.inf))[members].all()
        assert (enrolment.verified[entries.customer] <= entries.at).all()
        assert {shop.raffles[row].closes > shop.config.days for row in set(entries.raffle)} == {True, False}

    def test_three_raffles_are_open_at_the_end(self, lively: tuple[Shop, Shard]) -> None:
        shop, _ = lively

        assert sum(plan.closes > shop.config.days for plan in shop.raffles) == 3

    def test_oracle_of_new_products_names_none_that_was_bought(self, lively: tuple[Shop, Shard]) -> None:
        shop, shard = lively
        customer = shard.wanted_visits.customer[shard.wanted_lines.visit]
        bought = set(zip(customer.tolist(), shard.wanted_lines.product.tolist(), strict=True))

        named = {(row, product) for row, top in enumerate(shard.oracle.new.tolist()) for product in top}

        assert not bought & named
        assert all(shop.items[product].is_sold for _, product in named)

    def test_oracle_finds_what_popularity_does_not(self, lively: tuple[Shop, Shard]) -> None:
        """The last visit of each customer, by an oracle that has seen only their tastes."""
        shop, shard = lively
        popular = np.argsort(-shop.shelf.popularity)[:10]
        appeal = shop.shelf.appeal(shard.people)
        tasty = np.argsort(-appeal, axis=1)[:, :10]
        customer = shard.visits.customer[shard.lines.visit]

        by_taste = (tasty[customer] == shard.lines.product[:, None]).any(axis=1).mean()

        assert by_taste > 1.3 * np.isin(shard.lines.product, popular).mean()

    def test_talk_is_about_something_the_customer_took(self, lively: tuple[Shop, Shard]) -> None:
        _, shard = lively
        customer = shard.wanted_visits.customer[shard.wanted_lines.visit]
        taken = set(zip(customer.tolist(), shard.wanted_lines.product.tolist(), strict=True))

        said = set(zip(shard.talks.customer.tolist(), shard.talks.bought.tolist(), strict=True))

        assert said <= taken
        assert len(shard.talks) > 1_000

    def test_talk_is_varied_and_complete(self) -> None:
        shop = Shop(ShopConfig())

        words = [f"{each.message} {each.response}" for each in exchanges(shop.shard(0).talks, shop.shelf)]

        assert not any("{" in text for text in words)
        assert len(set(words)) > 0.75 * len(words)


class TestTimes:
    def test_days_become_times_within_opening_hours(self) -> None:
        config = ShopConfig()

        times = moments(config, np.array([0.0, 1.5, np.inf]))

        assert times[0] == np.datetime64("2024-01-02T15:00:00")
        assert times[1] == np.datetime64("2024-01-03T19:30:00")
        assert np.isnat(times[2])
        assert moment(config, 1.5).replace(tzinfo=None) == times[1].item()


Numbers = NDArray[np.float64]


def _summary(shard: Shard, days: int) -> tuple[Numbers, Numbers, Numbers]:
    """Repeat visits, day of the last one since the first, and days observed."""
    count = np.bincount(shard.visits.customer, minlength=len(shard.people)).astype(float) - 1
    last = np.zeros(len(shard.people))
    np.maximum.at(last, shard.visits.customer, shard.visits.at)
    return count, last - shard.people.acquired, days - shard.people.acquired


def _fit_bg_nbd(x: Numbers, recency: Numbers, observed: Numbers) -> Sequence[float]:
    """Fader, Hardie and Lee (2005), equation 6."""

    def loss(logs: Numbers) -> float:
        r, alpha, a, b = np.exp(logs)
        common = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        active = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + observed)
        left = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + recency)
        return -float((common + np.where(x > 0, np.logaddexp(active, left), active)).mean())

    start = np.log([1.0, 30.0, 1.0, 2.0])
    fitted: list[float] = np.exp(
        minimize(loss, start, method="Nelder-Mead", options={"maxiter": 800}).x
    ).tolist()
    return fitted


def _uplift(shard: Shard, days: int) -> tuple[float, float]:
    """Ratio of visit rates after and before joining, of members still active; and its standard error."""
    stayed = np.isfinite(shard.lives.joined) & ~np.isfinite(shard.lives.died)
    visits = shard.wanted_visits
    joined = shard.lives.joined[visits.customer]
    repeat = stayed[visits.customer] & (visits.at > shard.people.acquired[visits.customer])
    before, after = (repeat & (visits.at < joined)).sum(), (repeat & (visits.at >= joined)).sum()
    pace = shard.people.rate * (1 - shard.people.leave)
    expected_before = (pace * (shard.lives.joined - shard.people.acquired))[stayed].sum()
    expected_after = (pace * (days - shard.lives.joined))[stayed].sum()
    ratio = float(after / expected_after / (before / expected_before))
    return ratio, ratio * float(np.sqrt(1 / before + 1 / after))


def _departures(shard: Shard) -> tuple[float, float]:
    """Customers who left over those expected without complaints: of the upset, and of the calm."""
    visits, people, died = shard.wanted_visits, shard.people, shard.lives.died
    rows = np.flatnonzero(people.leave < 0.5)
    so_far = np.cumsum(visits.complained)
    first = np.searchsorted(visits.customer, np.arange(len(people)))
    upset = so_far - (so_far - visits.complained)[first][visits.customer] > 0
    repeat = (visits.at > people.acquired[visits.customer]) & np.isin(visits.customer, rows)
    left = visits.at == died[visits.customer]
    chance = people.leave[visits.customer]
    ratios = [float(left[repeat & who].sum() / chance[repeat & who].sum()) for who in (upset, ~upset)]
    return ratios[0], ratios[1]


def _gaps(shard: Shard) -> Numbers:
    """Time between visits, in units of each customer's own mean."""
    visits = shard.wanted_visits
    same = visits.customer[1:] == visits.customer[:-1]
    gaps: Numbers = np.diff(visits.at)[same] * shard.people.rate[visits.customer[1:]][same]
    return gaps


def _repeat_visits(shard: Shard, from_day: float, to_day: float) -> int:
    visits = shard.wanted_visits
    repeat = visits.at > shard.people.acquired[visits.customer]
    return int((repeat & (visits.at >= from_day) & (visits.at < to_day)).sum())
