"""Evaluation on a generated shop with known parameters: it checks the models, not their fit to real shops."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.generator.choices import Lines as Bought
from demo.generator.choices import fill
from demo.generator.config import ShopConfig
from demo.generator.people import draw_people
from demo.generator.shop import Shard, Shop
from demo.generator.visits import Calendar, Visits, simulate
from evals.benchmarks.predictions.evaluation import auc, brier
from evals.report import Figure
from memory.predictions.model import fit_model
from memory.predictions.repertoire import Lines, repertoire
from memory.predictions.rhythm import Ints, Purchases, outcomes, rhythms
from memory.predictions.tastes import SHELF, fit_tastes

HORIZON = 90
TENTHS = 10


def observed_purchases(shop: Shop, visits: Visits, lines: Bought) -> tuple[Purchases, Lines]:
    """Purchases and products of the visits, as the shop records them."""
    cents = shop.shelf.price_cents[lines.product] * lines.quantity
    spent = np.bincount(lines.visit, weights=cents, minlength=len(visits))
    day = np.floor(visits.at).astype(np.int64)
    return (
        Purchases(visits.customer, day, spent.astype(np.float64)),
        Lines(visits.customer[lines.visit], day[lines.visit], lines.product),
    )


def draw_purchases(config: ShopConfig) -> tuple[Purchases, Lines]:
    """Purchases of all customers, in order of customer."""
    shop, calendar = Shop(config), Calendar(config)
    purchases, products = [], []
    for number in range(config.shards):
        people = draw_people(config, number)
        visits, _ = simulate(config, people, shard=number, calendar=calendar)
        appeal = shop.shelf.appeal(people)
        lines = fill(config, people, visits, shelf=shop.shelf, shard=number, appeal=appeal)
        bought, chosen = observed_purchases(shop, visits, lines)
        first = number * config.customers_a_shard
        purchases.append((bought.customer + first, bought.day, bought.spent))
        products.append((chosen.customer + first, chosen.day, chosen.product))
    customer, day, spent = (np.concatenate(each) for each in zip(*purchases, strict=True))
    who, when, product = (np.concatenate(each) for each in zip(*products, strict=True))
    return Purchases(customer, day, spent), Lines(who, when, product)


def evaluate_generated(seed: int, *, customers: int) -> dict[str, Figure]:
    config = ShopConfig(
        seed=seed, customers=customers, season=0.0, membership_uplift=1.0, complaint_factor=1.0
    )
    shop = Shop(config)
    shard = shop.shard(0)
    purchases, lines = observed_purchases(shop, shard.visits, shard.lines)
    today = config.days - HORIZON
    past = rhythms(purchases, today=today)
    model = fit_model(purchases, today=today, horizon=HORIZON)
    if model is None:
        raise SystemExit(f"{customers} customers are too few.")
    seen = model.foresee(past)
    after = outcomes(purchases, past, today=today, days=HORIZON)
    observed = (after.purchases > 0).astype(np.float64)
    stayed = (shard.lives.died[past.customer] > today).astype(np.float64)
    oracle = stayed * -np.expm1(-HORIZON * shard.people.rate[past.customer])
    inside = float(((after.first >= seen.first) & (after.first <= seen.last))[observed > 0].mean())
    tenths = np.array_split(np.argsort(seen.chance), TENTHS)
    return {
        "customers": len(past),
        "AUC": auc(seen.chance, observed),
        "AUC, knowing rates and who has left": auc(oracle, observed),
        "Brier": brier(seen.chance, observed),
        "worst tenth off": max(
            abs(float(seen.chance[each].mean() - observed[each].mean())) for each in tenths
        ),
        "count bias": float(seen.purchases.sum() / after.purchases.sum() - 1),
        "spend bias": float(seen.spend.sum() / after.spent.sum() - 1),
        "interval covers": inside,
        "interval off 80 %": abs(inside - 0.8),
        **_shelves(shop, shard, lines),
    }


def _shelves(shop: Shop, shard: Shard, lines: Lines) -> dict[str, Figure]:
    """Share of each customer's ten most likely new products that are recommended."""
    traits = {each.id: frozenset(each.effects + each.flavours) for each in shop.items}
    today, customers = shop.config.days, len(shard.people)
    tastes = fit_tastes(lines, list(traits), traits=traits, today=today)
    own = repertoire(lines, today=today, customers=customers, products=len(traits))
    sold = np.array([each.is_sold for each in shop.items])
    scores = np.where(sold, tastes.new_scores(own), -np.inf)
    plain = np.where(np.isfinite(scores), tastes.bought, -np.inf)
    return {
        "new: share of the oracle's ten": _shared(scores, shard.oracle.new),
        "new: the same by popularity": _shared(plain, shard.oracle.new),
    }


def _shared(scores: NDArray[np.floating[Any]], best: Ints) -> float:
    shelf = np.argpartition(-scores, SHELF, axis=1)[:, :SHELF]
    return float((shelf[:, :, None] == best[:, None, :]).any(axis=1).mean())
