"""What is forecast of a customer, and how right it turned out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from memory.predictions.model import closeness


class Kind(StrEnum):
    CHURN = "churn"
    """That they buy nothing within the horizon."""
    NEXT_PURCHASE = "next_purchase"
    """The day, and an interval for it, should they buy within the horizon."""
    VALUE = "value"
    """What they spend within the horizon."""
    RECOMMENDATION = "recommendation"
    """Products they will buy again, and new ones they may like."""


@dataclass(frozen=True)
class Prediction:
    """`confidence` is the accuracy to be expected, `accuracy` what it came to: both between 0 and 1.

    An accuracy of None, once it is scored, is that of a day or a product for a customer who did not buy.
    """

    id: str
    customer_id: str
    kind: Kind
    value: dict[str, Any]
    confidence: float
    horizon_days: int
    model_version: str
    made_at: datetime
    due_on: date
    actual_value: dict[str, Any] | None = None
    accuracy: float | None = None
    scored_at: datetime | None = None


@dataclass(frozen=True)
class Suggestion:
    product_id: str
    name: str
    reason: str


@dataclass(frozen=True)
class Shelves:
    again: tuple[Suggestion, ...] = ()
    discover: tuple[Suggestion, ...] = ()


@dataclass(frozen=True)
class Forecast:
    """All that is forecast of one customer as of today; the days hold should they buy within the horizon."""

    customer_id: str
    model_version: str
    horizon_days: int
    churn_risk: float
    next_purchase: date
    not_before: date
    not_after: date
    value_cents: int
    purchases: float
    confidence: dict[Kind, float]
    shelves: Shelves = field(default=Shelves())


@dataclass(frozen=True)
class Truth:
    """What a customer did in the time of a prediction: their first purchase in it, and all they spent."""

    bought_on: date | None
    products: tuple[str, ...]
    spent_cents: int


@dataclass(frozen=True)
class Record:
    """How right the predictions of one kind were, of those that could be scored."""

    kind: Kind
    scored: int
    accuracy: float
    confidence: float


def turned_out(prediction: Prediction, truth: Truth) -> tuple[dict[str, Any], float | None]:
    """What really happened, and how right the prediction was."""
    return {
        Kind.CHURN: _churned,
        Kind.NEXT_PURCHASE: _next_purchase,
        Kind.VALUE: _worth,
        Kind.RECOMMENDATION: _recommended,
    }[prediction.kind](prediction.value, truth)


def _churned(value: dict[str, Any], truth: Truth) -> tuple[dict[str, Any], float | None]:
    churned = truth.bought_on is None
    return {"churned": churned}, float((value["risk"] >= 0.5) == churned)  # noqa: PLR2004


def _next_purchase(value: dict[str, Any], truth: Truth) -> tuple[dict[str, Any], float | None]:
    if truth.bought_on is None:
        return {"date": None}, None
    day = truth.bought_on.isoformat()
    return {"date": day}, float(value["from"] <= day <= value["to"])


def _worth(value: dict[str, Any], truth: Truth) -> tuple[dict[str, Any], float | None]:
    return {"cents": truth.spent_cents}, float(closeness(value["cents"], truth.spent_cents))


def _recommended(value: dict[str, Any], truth: Truth) -> tuple[dict[str, Any], float | None]:
    if truth.bought_on is None:
        return {"products": []}, None
    shown: Sequence[str] = [*value["again"], *value["discover"]]
    return {"products": list(truth.products)}, float(not set(shown).isdisjoint(truth.products))
