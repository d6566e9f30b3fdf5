import json

import numpy as np

from memory.predictions.model import Model, fit_model
from memory.predictions.rhythm import Purchases, outcomes, rhythms
from tests.memory.predictions.conftest import HORIZON, TODAY, World


def test_what_is_predicted_comes_true_as_often_as_it_says(world: World, model: Model) -> None:
    past = rhythms(world.purchases, today=TODAY)
    after = outcomes(world.purchases, past, today=TODAY, days=HORIZON)

    seen = model.foresee(past)

    came = after.purchases > 0
    for low in np.arange(0.0, 0.9, 0.2):
        some = (seen.chance >= low) & (seen.chance < low + 0.2)
        assert abs(seen.chance[some].mean() - came[some].mean()) < 0.05
    inside = (after.first >= seen.first) & (after.first <= seen.last)
    assert 0.78 <= inside[came].mean() <= 0.82
    assert abs(seen.purchases.sum() / after.purchases.sum() - 1) < 0.1
    assert abs(seen.spend.sum() / after.spent.sum() - 1) < 0.1


def test_nothing_of_what_came_later_is_used(world: World, model: Model) -> None:
    assert fit_model(world.purchases.before(TODAY), today=TODAY, horizon=HORIZON) == model


def test_a_model_is_the_same_after_it_was_stored(model: Model) -> None:
    assert Model.from_document(json.loads(json.dumps(model.document()))) == model


def test_of_too_few_customers_nothing_is_said(world: World) -> None:
    few = world.purchases.before(1)

    assert fit_model(few, today=1, horizon=HORIZON) is None


def test_where_everybody_came_back_the_rhythm_alone_speaks() -> None:
    """So there is nobody of whom to learn what it looks like when a customer does not."""
    customer = np.repeat(np.arange(60), 30)
    day = np.tile(np.arange(30) * 7, 60) + customer % 7
    weekly = Purchases(customer, day, np.full(len(day), 2_500.0))

    model = fit_model(weekly, today=210, horizon=30)

    assert model is not None
    assert model.chance is None
    seen = model.foresee(rhythms(weekly, today=210))
    assert (seen.chance > 0.9).all()
    assert np.isfinite(seen.spend).all()
    assert (seen.first <= seen.middle).all()
    assert (seen.middle <= seen.last).all()
