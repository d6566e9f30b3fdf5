"""Forecast what each customer will do, keep the predictions, and score them against what they did."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from foundation.clock import Calendar
from foundation.outbox import Decoder, Event, Outbox, Outgoing, Subscriber, Subscription
from foundation.sql import Ledger
from memory.predictions import purchases, store
from memory.predictions.events import OrderMoved, PredictionRow, PurchaseRow
from memory.predictions.forecasting import forecasts, predictions_of
from memory.predictions.model import Model
from memory.predictions.models import Forecast, Kind, Prediction, Record, Shelves, Truth, turned_out
from memory.predictions.ports import Storefront
from memory.predictions.purchases import Purchase
from memory.predictions.shelves import shelves
from memory.predictions.tastes import Tastes

DECODE: Decoder[PurchaseRow | OrderMoved] = Decoder(PurchaseRow, OrderMoved)
SUBSCRIPTION = Subscription("predictions", DECODE.topics)
GIVEN_BACK = "cancelled"
AT_A_PURCHASE = (Kind.CHURN, Kind.NEXT_PURCHASE, Kind.RECOMMENDATION)
"""What the next purchase already decides; the rest waits for the end of the horizon."""


@dataclass(frozen=True)
class Held:
    """The newest model, ready for use."""

    version: str
    model: Model
    tastes: Tastes | None


class Predictions:
    def __init__(
        self,
        ledger: Ledger,
        outbox: Outbox,
        storefront: Storefront,
        *,
        calendar: Calendar,
        is_barred: Callable[[str], bool],
    ) -> None:
        """`is_barred`: whether a customer was erased, so that nothing may be stored."""
        self._ledger = ledger
        self._outbox = outbox
        self._storefront = storefront
        self._calendar = calendar
        self._is_barred = is_barred
        self._lock = threading.Lock()
        self._held: Held | None = None

    def subscriber(self) -> Subscriber[PurchaseRow | OrderMoved]:
        return Subscriber(SUBSCRIPTION, self.follow, DECODE)

    def follow(self, events: Sequence[Event[PurchaseRow | OrderMoved]]) -> None:
        """Store purchases, and remove returned ones."""
        for event in events:
            match event.payload:
                case PurchaseRow() as row:
                    self.remember(self._purchase(row))
                case OrderMoved(id=order_id, status=status) if status == GIVEN_BACK:
                    self.take_back(order_id)

    def remember(self, purchase: Purchase) -> bool:
        """False when it is known already, was returned, or is of an erased customer."""
        with self._ledger.transaction() as connection:
            if self._is_barred(purchase.customer_id) or not purchases.add(connection, purchase):
                return False
            decided = store.waiting(connection, purchase.customer_id, AT_A_PURCHASE)
            self.score(connection, [each for each in decided if each.made_at < purchase.at])
        return True

    def purchase(self, order_id: str) -> Purchase | None:
        """None also when it was given back."""
        with self._ledger.autocommit() as connection:
            return purchases.find(connection, order_id)

    def take_back(self, order_id: str) -> None:
        with self._ledger.transaction() as connection:
            purchases.take_back(connection, order_id)

    def forecast(self, customer_id: str) -> Forecast | None:
        """As of now; None when nothing can be said: they never bought, or too little is known of anybody."""
        with self._ledger.autocommit() as connection:
            version, rhythm = store.model_and_rhythm(connection, customer_id)
        if version is None or rhythm is None:
            return None
        held = self.held(version)
        (forecast,) = forecasts(held.model, version, [rhythm], today=self._calendar.today())
        if held.tastes is None:
            return forecast
        confidence = {**forecast.confidence, Kind.RECOMMENDATION: held.tastes.hits}
        return replace(forecast, confidence=confidence, shelves=self._shelves(held.tastes, customer_id))

    def predict(self, customer_id: str) -> Forecast | None:
        """The forecast; kinds without an open prediction are kept, to be scored against what they do."""
        forecast = self.forecast(customer_id)
        if forecast is not None and not self._is_barred(customer_id):
            self.keep([forecast])
        return forecast

    def shelves(self, customer_id: str) -> Shelves:
        """Also for somebody who never bought; empty while too little is known of anybody."""
        with self._ledger.autocommit() as connection:
            version = store.latest(connection)
        tastes = None if version is None else self.held(version).tastes
        return Shelves() if tastes is None else self._shelves(tastes, customer_id)

    def keep(self, seen: Iterable[Forecast]) -> int:
        """Each kind of which none waits for its truth yet; how many."""
        at, today = self._calendar.now(), self._calendar.today()
        made = [each for forecast in seen for each in predictions_of(forecast, at=at, today=today)]
        with self._ledger.transaction() as connection:
            kept = store.open_new(connection, made)
            self._publish(kept, at=at)
        return len(kept)

    def score(self, connection: Connection, decided: Sequence[Prediction]) -> None:
        """Hold them against what the customers bought since; in the transaction in which they were locked."""
        if not decided:
            return
        at = self._calendar.now()
        customers = sorted({each.customer_id for each in decided})
        earliest = min(each.made_at for each in decided)
        bought: defaultdict[str, list[Purchase]] = defaultdict(list)
        for purchase in purchases.since(connection, customers, at=earliest):
            bought[purchase.customer_id].append(purchase)
        scored = [_scored(each, bought[each.customer_id], at=at) for each in decided]
        store.close(connection, scored)
        self._publish(scored, at=at)

    def history(self, customer_id: str) -> list[Prediction]:
        with self._ledger.autocommit() as connection:
            return store.history(connection, customer_id)

    def records(self) -> list[Record]:
        """How right the predictions were, by kind."""
        with self._ledger.autocommit() as connection:
            return store.records(connection)

    def held(self, version: str) -> Held:
        with self._lock:
            if self._held is None or self._held.version != version:
                self._held = self._read(version)
            return self._held

    def _purchase(self, row: PurchaseRow) -> Purchase:
        return Purchase(
            order_id=row.order_id,
            customer_id=row.customer_id,
            at=row.timestamp,
            day=self._calendar.day(row.timestamp),
            amount_cents=row.amount_cents,
            products=row.products,
        )

    def _read(self, version: str) -> Held:
        with self._ledger.autocommit() as connection:
            fitted = store.model(connection, version)
        tastes = None if fitted.tastes is None else Tastes.from_bytes(fitted.tastes)
        return Held(version, Model.from_document(fitted.document), tastes)

    def _shelves(self, tastes: Tastes, customer_id: str) -> Shelves:
        with self._ledger.autocommit() as connection:
            bought = purchases.own(connection, customer_id)
        return shelves(
            tastes,
            bought,
            {each.id: each for each in self._storefront.products()},
            offered=self._storefront.offered_to(customer_id),
            today=self._calendar.today(),
        )

    def _publish(self, predictions: Sequence[Prediction], *, at: datetime) -> None:
        self._outbox.publish_all(
            [
                Outgoing(
                    f"evt_{each.id}_{'made' if each.scored_at is None else 'scored'}",
                    each.customer_id,
                    _row(each, at),
                )
                for each in predictions
            ]
        )


def _scored(prediction: Prediction, bought: Sequence[Purchase], *, at: datetime) -> Prediction:
    """`bought`: all of the customer's purchases that may lie in its time, in order."""
    within = [each for each in bought if each.at > prediction.made_at and each.day < prediction.due_on]
    truth = Truth(
        bought_on=within[0].day if within else None,
        products=within[0].products if within else (),
        spent_cents=sum(each.amount_cents for each in within),
    )
    actual, accuracy = turned_out(prediction, truth)
    return replace(prediction, actual_value=actual, accuracy=accuracy, scored_at=at)


def _row(prediction: Prediction, at: datetime) -> PredictionRow:
    return PredictionRow(
        prediction_id=prediction.id,
        customer_id=prediction.customer_id,
        prediction_type=prediction.kind,
        prediction_value=prediction.value,
        actual_value=prediction.actual_value,
        confidence=prediction.confidence,
        accuracy=prediction.accuracy,
        timestamp=prediction.made_at,
        updated_at=at,
    )
