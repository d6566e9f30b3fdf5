"""From the model's numbers to forecasts, and to the predictions that are stored."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any

from memory.predictions.model import COVERAGE, Foresight, Model
from memory.predictions.models import Forecast, Kind, Prediction
from memory.predictions.purchases import Rhythm, as_rhythms
from memory.predictions.rhythm import Floats


def forecasts(model: Model, version: str, rhythms: Sequence[Rhythm], *, today: date) -> Iterator[Forecast]:
    """One for each, without shelves."""
    seen = model.foresee(as_rhythms(rhythms, today=today))
    rows = zip(rhythms, *(column.tolist() for column in _columns(seen)), strict=True)
    for rhythm, chance, purchases, spend, first, middle, last in rows:
        yield Forecast(
            customer_id=rhythm.customer_id,
            model_version=version,
            horizon_days=model.horizon,
            churn_risk=1 - chance,
            next_purchase=today + timedelta(days=middle),
            not_before=today + timedelta(days=first),
            not_after=today + timedelta(days=last),
            value_cents=round(spend),
            purchases=purchases,
            confidence={
                Kind.CHURN: max(chance, 1 - chance),
                Kind.NEXT_PURCHASE: COVERAGE,
                Kind.VALUE: model.spend_accuracy,
            },
        )


def predictions_of(forecast: Forecast, *, at: datetime, today: date) -> list[Prediction]:
    """One prediction for each kind that the forecast speaks of."""
    values: dict[Kind, dict[str, Any]] = {
        Kind.CHURN: {"risk": forecast.churn_risk},
        Kind.NEXT_PURCHASE: {
            "date": forecast.next_purchase.isoformat(),
            "from": forecast.not_before.isoformat(),
            "to": forecast.not_after.isoformat(),
        },
        Kind.VALUE: {"cents": forecast.value_cents, "purchases": forecast.purchases},
        Kind.RECOMMENDATION: {
            "again": [each.product_id for each in forecast.shelves.again],
            "discover": [each.product_id for each in forecast.shelves.discover],
        },
    }
    return [
        Prediction(
            id=_id(forecast.customer_id, kind, at),
            customer_id=forecast.customer_id,
            kind=kind,
            value=values[kind],
            confidence=confidence,
            horizon_days=forecast.horizon_days,
            model_version=forecast.model_version,
            made_at=at,
            due_on=today + timedelta(days=forecast.horizon_days),
        )
        for kind, confidence in forecast.confidence.items()
    ]


def _id(customer_id: str, kind: Kind, at: datetime) -> str:
    """The same for the same: drawing one at random for everybody takes longer than all the rest."""
    return f"pre_{blake2b(f'{customer_id} {kind} {at}'.encode(), digest_size=10).hexdigest()}"


def _columns(seen: Foresight) -> tuple[Floats, ...]:
    return seen.chance, seen.purchases, seen.spend, seen.first, seen.middle, seen.last
