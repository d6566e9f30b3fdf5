"""Forecasts of a customer's purchases, and how accurate they were."""

import datetime as dt
from typing import Any

from api.schemas.base import Schema, Timestamp, example
from api.schemas.ids import CustomerRef, ProductRef
from api.schemas.money import Amount
from foundation.money import Money
from memory.predictions.models import Forecast, Kind, Prediction, Record, Suggestion


class PurchaseInterval(Schema):
    """When the next purchase is expected, if there is one."""

    expected: dt.date
    """Most likely day."""
    not_before: dt.date
    """First day of the interval that holds the purchase four times in five."""
    not_after: dt.date
    """Last day of that interval."""


class RecommendationOut(Schema):
    """A product that the customer may buy."""

    model_config = example(name="Night Owl Gummies", reason="bought 3 times")

    product_id: ProductRef
    name: str
    """Name of the product."""
    reason: str
    """Why it is recommended."""


class ForecastOut(Schema):
    """What is expected of a customer within the horizon."""

    model_config = example(modelVersion="2026-03-01", horizonDays=60, churnRisk=0.12, expectedPurchases=1.8)

    customer_id: CustomerRef
    model_version: str
    """Version of the model."""
    horizon_days: int
    """Days that the forecast looks ahead."""
    churn_risk: float
    """Probability that nothing is bought within the horizon."""
    next_purchase: PurchaseInterval
    """When the next purchase is expected."""
    expected_value: Amount
    """Expected revenue within the horizon."""
    expected_purchases: float
    """Expected number of purchases within the horizon."""
    buy_again: list[RecommendationOut]
    """Products bought before."""
    discover: list[RecommendationOut]
    """Products not bought yet."""
    confidence: dict[Kind, float]
    """Accuracy that forecasts of each kind have had."""

    @classmethod
    def of(cls, forecast: Forecast) -> "ForecastOut":
        def shown(shelf: tuple[Suggestion, ...]) -> list[RecommendationOut]:
            return [RecommendationOut.model_validate(each) for each in shelf]

        return cls(
            customer_id=forecast.customer_id,
            model_version=forecast.model_version,
            horizon_days=forecast.horizon_days,
            churn_risk=forecast.churn_risk,
            next_purchase=PurchaseInterval(
                expected=forecast.next_purchase, not_before=forecast.not_before, not_after=forecast.not_after
            ),
            expected_value=Money(forecast.value_cents),
            expected_purchases=forecast.purchases,
            buy_again=shown(forecast.shelves.again),
            discover=shown(forecast.shelves.discover),
            confidence=forecast.confidence,
        )


class PredictedValue(Schema):
    """What was predicted. Each kind of prediction has its own properties; the others are null."""

    model_config = example(
        risk=0.12,
        date=None,
        notBefore=None,
        notAfter=None,
        amount=None,
        purchases=None,
        again=None,
        discover=None,
    )

    risk: float | None = None
    """`churn`: probability that nothing is bought within the horizon."""
    date: dt.date | None = None
    """`next_purchase`: most likely day."""
    not_before: dt.date | None = None
    """`next_purchase`: first day of the interval."""
    not_after: dt.date | None = None
    """`next_purchase`: last day of the interval."""
    amount: Amount | None = None
    """`value`: revenue within the horizon."""
    purchases: float | None = None
    """`value`: number of purchases within the horizon."""
    again: list[str] | None = None
    """`recommendation`: ids of products bought before."""
    discover: list[str] | None = None
    """`recommendation`: ids of products not bought yet."""


class ActualValue(Schema):
    """What happened. Each kind of prediction has its own properties; the others are null."""

    model_config = example(churned=False, date=None, amount=None, products=None)

    churned: bool | None = None
    """`churn`: whether nothing was bought within the horizon."""
    date: dt.date | None = None
    """`next_purchase`: day of the purchase."""
    amount: Amount | None = None
    """`value`: revenue within the horizon."""
    products: list[str] | None = None
    """`recommendation`: ids of the products that were bought."""


class PredictionOut(Schema):
    """A prediction that was made, and how it turned out."""

    model_config = example(
        id="pre_4b1e9c",
        kind="churn",
        horizonDays=60,
        modelVersion="2026-03-01",
        confidence=0.88,
        accuracy=1.0,
    )

    id: str
    """Id of the prediction."""
    kind: Kind
    """What was predicted."""
    value: PredictedValue
    """The prediction."""
    confidence: float
    """Accuracy that was expected, from 0 to 1."""
    horizon_days: int
    """Days that the prediction looked ahead."""
    model_version: str
    """Version of the model."""
    made_at: Timestamp
    """When it was made."""
    due_on: dt.date
    """Day on which the horizon ends."""
    actual_value: ActualValue | None
    """What happened; null until the horizon has ended."""
    accuracy: float | None
    """Accuracy, from 0 to 1; null until it is scored, or when it cannot be."""
    scored_at: Timestamp | None
    """When it was scored; null until then."""

    @classmethod
    def of(cls, prediction: Prediction) -> "PredictionOut":
        actual = prediction.actual_value
        return cls(
            id=prediction.id,
            kind=prediction.kind,
            value=PredictedValue.model_validate(_renamed(prediction.value)),
            confidence=prediction.confidence,
            horizon_days=prediction.horizon_days,
            model_version=prediction.model_version,
            made_at=prediction.made_at,
            due_on=prediction.due_on,
            actual_value=None if actual is None else ActualValue.model_validate(_renamed(actual)),
            accuracy=prediction.accuracy,
            scored_at=prediction.scored_at,
        )


class AccuracyOut(Schema):
    """How accurate the predictions of one kind were."""

    model_config = example(kind="churn", scored=240, accuracy=0.86, confidence=0.84)

    kind: Kind
    """Kind of the predictions."""
    scored: int
    """Number of predictions that were scored."""
    accuracy: float
    """Mean accuracy, from 0 to 1."""
    confidence: float
    """Mean accuracy that was expected, from 0 to 1."""

    @classmethod
    def of(cls, record: Record) -> "AccuracyOut":
        return cls.model_validate(record)


def _renamed(stored: dict[str, Any]) -> dict[str, Any]:
    """As the row has it: cents, and an interval from and to."""
    names = {"from": "not_before", "to": "not_after"}
    shown = {names.get(name, name): value for name, value in stored.items() if name != "cents"}
    return shown | ({"amount": Money(stored["cents"])} if "cents" in stored else {})
