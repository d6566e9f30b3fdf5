"""Every night: fit the models, score what is due, forecast for all customers. It resumes after a stop."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta

from foundation.clock import Calendar
from foundation.sql import Ledger
from memory.predictions import purchases, store
from memory.predictions.forecasting import forecasts
from memory.predictions.model import fit_model
from memory.predictions.models import Kind
from memory.predictions.ports import Storefront
from memory.predictions.service import Predictions
from memory.predictions.store import Fitted
from memory.predictions.tastes import fit_tastes

HORIZON_DAYS = 90
FITTED_ON = 100_000
"""Customers; more would move the parameters by less than they differ from one night to the next."""
MOST_PRODUCTS = 1_500
AT_ONCE = 5_000
MODELS_KEPT = timedelta(days=7)
FOR_EVERYBODY = (Kind.CHURN, Kind.NEXT_PURCHASE, Kind.VALUE)

Progress = Callable[[str, int], object]
"""Called with the part of the work and how many more are done of it."""


class Nightly:
    def __init__(
        self, ledger: Ledger, predictions: Predictions, storefront: Storefront, *, calendar: Calendar
    ) -> None:
        self._ledger = ledger
        self._predictions = predictions
        self._storefront = storefront
        self._calendar = calendar

    def run(self, *, progress: Progress = lambda _part, _done: None) -> str | None:
        """The version of the model; None when too little is known to forecast anything."""
        version = self.fit()
        self.score_due(progress=progress)
        if version is not None:
            self.forecast(version, progress=progress)
        return version

    def fit(self, *, horizon_days: int = HORIZON_DAYS) -> str | None:
        """Today's models; the same purchases and day give the same version."""
        today = self._calendar.today().toordinal()
        with self._ledger.transaction() as connection:
            known = purchases.sample(connection, customers=FITTED_ON, products=MOST_PRODUCTS)
        model = fit_model(known.purchases, today=today, horizon=horizon_days)
        if model is None:
            return None
        catalogue = self._storefront.products()
        newcomers = sorted({each.id for each in catalogue} - set(known.products))
        names = [*known.products, *newcomers][:MOST_PRODUCTS]
        traits = {each.id: each.traits for each in catalogue}
        tastes = fit_tastes(known.lines, names, traits=traits, today=today).to_bytes() if names else None
        document = model.document()
        digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode() + (tastes or b""))
        version = f"{self._calendar.today()}-{digest.hexdigest()[:12]}"
        with self._ledger.transaction() as connection:
            now = self._calendar.now()
            store.drop_models(connection, before=now - MODELS_KEPT)
            store.add_model(connection, Fitted(version, now, document, tastes))
        return version

    def drop_before(self, moment: datetime) -> int:
        """Forget the purchases and predictions of before; how many."""
        with self._ledger.transaction() as connection:
            purchased = purchases.drop_before(connection, self._calendar.day(moment))
            return purchased + store.drop_before(connection, moment)

    def score_due(self, *, progress: Progress = lambda _part, _done: None) -> None:
        """Everything whose horizon has passed, some at a time."""
        while True:
            with self._ledger.transaction() as connection:
                due = store.due(connection, today=self._calendar.today(), limit=AT_ONCE)
                self._predictions.score(connection, due)
            if not due:
                return
            progress("scored", len(due))

    def forecast(self, version: str, *, progress: Progress = lambda _part, _done: None) -> None:
        """For everybody of whom a kind is not forecast, some at a time."""
        model, today, after = self._predictions.held(version).model, self._calendar.today(), ""
        while True:
            with self._ledger.transaction() as connection:
                some = store.without(connection, FOR_EVERYBODY, after=after, limit=AT_ONCE)
                if not some:
                    return
                self._predictions.keep(forecasts(model, version, some, today=today))
            after = some[-1].customer_id
            progress("forecast", len(some))
