"""What is foretold of a customer, and how right it has been."""

from datetime import date

from api.authorization import ReadableCustomer, Staff
from api.deps import PredictionsDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Dollars, Schema, Timestamp
from foundation.money import Money
from memory.predictions.models import Kind, Outlook, Prediction, Record, Suggestion

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class Interval(Schema):
    """Four times in five the purchase comes between these days, should there be one."""

    expected: date
    not_before: date
    not_after: date


class Recommended(Schema):
    product_id: str
    name: str
    reason: str


class OutlookShown(Schema):
    customer_id: str
    model_version: str
    horizon_days: int
    churn_risk: float
    """That nothing is bought within the horizon."""
    next_purchase: Interval
    expected_value: Dollars
    expected_purchases: float
    buy_again: list[Recommended]
    discover: list[Recommended]
    confidence: dict[Kind, float]
    """The accuracy that predictions of the kind have had."""

    @classmethod
    def of(cls, outlook: Outlook) -> "OutlookShown":
        def shown(shelf: tuple[Suggestion, ...]) -> list[Recommended]:
            return [Recommended.model_validate(each) for each in shelf]

        return cls(
            customer_id=outlook.customer_id,
            model_version=outlook.model_version,
            horizon_days=outlook.horizon_days,
            churn_risk=outlook.churn_risk,
            next_purchase=Interval(
                expected=outlook.next_purchase, not_before=outlook.not_before, not_after=outlook.not_after
            ),
            expected_value=Money(outlook.value_cents),
            expected_purchases=outlook.purchases,
            buy_again=shown(outlook.shelves.again),
            discover=shown(outlook.shelves.discover),
            confidence=outlook.confidence,
        )


class PredictionShown(Schema):
    id: str
    kind: Kind
    value: dict[str, object]
    confidence: float
    horizon_days: int
    model_version: str
    made_at: Timestamp
    due_on: date
    actual_value: dict[str, object] | None
    accuracy: float | None
    scored_at: Timestamp | None

    @classmethod
    def of(cls, prediction: Prediction) -> "PredictionShown":
        return cls.model_validate(prediction)


class RecordShown(Schema):
    kind: Kind
    scored: int
    accuracy: float
    confidence: float

    @classmethod
    def of(cls, record: Record) -> "RecordShown":
        return cls.model_validate(record)


@router.post("/predict/{customer_id}")
def predict_customer(
    customer_id: ReadableCustomer, predictions: PredictionsDep
) -> Envelope[OutlookShown | None]:
    """Churn, next purchase, value and two shelves, as of now; null while too little is known."""
    outlook = predictions.predict(customer_id)
    return Envelope(data=None if outlook is None else OutlookShown.of(outlook))


@router.get("/predictions/{customer_id}")
def list_predictions(
    customer_id: ReadableCustomer, predictions: PredictionsDep
) -> Envelope[list[PredictionShown]]:
    """What was foretold of a customer, and what came of it."""
    return Envelope(data=[PredictionShown.of(each) for each in predictions.history(customer_id)])


@router.get("/accuracy")
def list_prediction_accuracy(_: Staff, predictions: PredictionsDep) -> Envelope[list[RecordShown]]:
    """How right the predictions of each kind were."""
    return Envelope(data=[RecordShown.of(each) for each in predictions.records()])
