"""Predictions of what a customer will do, and how accurate they were."""

from typing import Annotated

from fastapi import Depends

from api.authorization import ReadableCustomer, Staff
from api.deps import PredictionsDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, newest_key
from api.routing import api_router
from api.schemas.forecasts import AccuracyOut, ForecastOut, PredictionOut
from memory.predictions.models import Prediction

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)
PredictionPages = Annotated[PageRequest, Depends(PageOf("predictions"))]


@router.post("/predict/{customer_id}")
def predict_customer(
    customer_id: ReadableCustomer, predictions: PredictionsDep
) -> Envelope[ForecastOut | None]:
    """Predict churn, next purchase, revenue and products as of now; null while too little is known."""
    forecast = predictions.predict(customer_id)
    return Envelope(data=None if forecast is None else ForecastOut.of(forecast))


@router.get("/predictions/{customer_id}")
def list_predictions(
    customer_id: ReadableCustomer, predictions: PredictionsDep, page: PredictionPages
) -> Page[PredictionOut]:
    """List the predictions that were made of a customer and how they turned out, the latest first."""
    return page.cut(predictions.history(customer_id), PredictionOut.of, key=_prediction_key)


@router.get("/accuracy")
def list_prediction_accuracy(_: Staff, predictions: PredictionsDep) -> Envelope[list[AccuracyOut]]:
    """List how accurate the predictions were, one entry for each kind; there are no pages."""
    return Envelope(data=[AccuracyOut.of(each) for each in predictions.records()])


def _prediction_key(prediction: Prediction) -> Key:
    return newest_key(prediction.made_at, prediction.id)
