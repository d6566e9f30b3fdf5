import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.containers.warehouse_tables import TABLES
from foundation.outbox import OUTBOX, Event
from foundation.sql import Ledger
from memory.predictions import store
from memory.predictions.events import OrderMoved, PurchaseRow
from memory.predictions.models import Kind, Prediction
from memory.predictions.purchases import Purchase, Rhythm
from memory.predictions.service import Predictions
from tests.fakes import FakeClock
from tests.memory.conftest import CHICAGO
from tests.memory.predictions.conftest import (
    BALM,
    DROPS,
    GUMMIES,
    HORIZON,
    TEA,
    FakeStorefront,
    bought,
)

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = bought("ord_1", MARCH - 60 * DAY, GUMMIES)
SECOND = bought("ord_2", MARCH - 10 * DAY, TEA, GUMMIES, cents=6_000)


def told(purchase: Purchase) -> Event[PurchaseRow]:
    """As checkout publishes it."""
    row = PurchaseRow(
        order_id=purchase.order_id,
        customer_id=purchase.customer_id,
        payment_method="credit_card",
        amount_cents=purchase.amount_cents,
        order_size=len(purchase.products),
        products=purchase.products,
        timestamp=purchase.at,
    )
    return Event("evt_1", row.topic, purchase.customer_id, row, purchase.at)


def order(order_id: str, status: str) -> Event[OrderMoved]:
    moved = OrderMoved(id=order_id, status=status)
    return Event(f"evt_{status}", moved.topic, "cus_ana", moved, MARCH)


def rhythm(ledger: Ledger, customer_id: str = "cus_ana") -> Rhythm | None:
    with ledger.transaction() as connection:
        return store.model_and_rhythm(connection, customer_id)[1]


def by_kind(predictions: Sequence[Prediction]) -> dict[Kind, Prediction]:
    return {each.kind: each for each in predictions}


def warehouse_rows(ledger: Ledger) -> list[dict[str, Any]]:
    with ledger.transaction() as connection:
        payloads = select(OUTBOX.c.payload).where(OUTBOX.c.topic == "predictions").order_by(OUTBOX.c.id)
        return list(connection.execute(payloads).scalars())


class TestPurchases:
    def test_events_in_any_order_and_number_come_to_the_same(
        self, predictions: Predictions, ledger: Ledger
    ) -> None:
        predictions.follow([told(SECOND), told(FIRST)])
        predictions.follow([told(FIRST), order("ord_1", "paid"), told(SECOND)])

        assert rhythm(ledger) == Rhythm("cus_ana", FIRST.day, SECOND.day, days=2, spent_cents=10_000)

    def test_what_is_given_back_is_taken_back(self, predictions: Predictions, ledger: Ledger) -> None:
        predictions.follow([told(FIRST), told(SECOND), order("ord_2", "cancelled")])

        assert rhythm(ledger) == Rhythm("cus_ana", FIRST.day, FIRST.day, days=1, spent_cents=4_000)

        predictions.take_back("ord_1")

        assert rhythm(ledger) is None

    def test_an_order_given_back_before_it_was_heard_of_is_not_remembered(
        self, predictions: Predictions, ledger: Ledger
    ) -> None:
        predictions.follow([order("ord_1", "cancelled"), told(FIRST)])

        assert rhythm(ledger) is None

    def test_purchases_told_at_once_are_all_counted(self, predictions: Predictions, ledger: Ledger) -> None:
        orders = [replace(FIRST, order_id=f"ord_{number}", at=FIRST.at + number * DAY) for number in range(8)]
        threads = [
            threading.Thread(target=predictions.remember, args=(replace(each, day=each.at.date()),))
            for each in orders
        ]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        found = rhythm(ledger)
        assert found is not None
        assert (found.days, found.spent_cents) == (8, 32_000)

    def test_nothing_is_kept_of_somebody_who_was_forgotten(
        self, predictions: Predictions, ledger: Ledger, barred: set[str]
    ) -> None:
        barred.add("cus_ana")

        assert not predictions.remember(FIRST)

        assert rhythm(ledger) is None


@pytest.mark.usefixtures("fitted")
class TestForecast:
    def test_it_speaks_of_days_to_come_and_of_what_is_offered(
        self, predictions: Predictions, storefront: FakeStorefront
    ) -> None:
        predictions.remember(FIRST)
        predictions.remember(SECOND)
        storefront.withheld.add(DROPS.id)

        seen = predictions.forecast("cus_ana")

        assert seen is not None
        assert 0 < seen.churn_risk < 1
        assert MARCH.astimezone(CHICAGO).date() <= seen.not_before <= seen.next_purchase <= seen.not_after
        assert seen.value_cents > 0
        assert [each.product_id for each in seen.shelves.again] == [GUMMIES.id, TEA.id]
        assert [each.product_id for each in seen.shelves.discover] == [BALM.id]
        assert predictions.history("cus_ana") == []

    def test_of_a_stranger_there_is_none(self, predictions: Predictions) -> None:
        predictions.remember(FIRST)

        assert predictions.predict("cus_ben") is None
        assert predictions.history("cus_ben") == []
        assert len(predictions.shelves("cus_ben").discover) == 4

    def test_silence_makes_the_risk_grow(self, predictions: Predictions, clock: FakeClock) -> None:
        predictions.remember(FIRST)
        predictions.remember(SECOND)
        early = predictions.forecast("cus_ana")
        clock.advance(80 * DAY)

        late = predictions.forecast("cus_ana")

        assert early is not None
        assert late is not None
        assert late.churn_risk > early.churn_risk

    def test_a_purchase_today_is_counted_as_well(self, predictions: Predictions) -> None:
        predictions.remember(bought("ord_9", MARCH, GUMMIES))

        seen = predictions.forecast("cus_ana")

        assert seen is not None
        assert 0 < seen.churn_risk < 1


def test_without_a_model_nothing_is_predicted(predictions: Predictions) -> None:
    predictions.remember(FIRST)

    assert predictions.predict("cus_ana") is None
    assert predictions.shelves("cus_ana").discover == ()


@pytest.mark.usefixtures("fitted")
class TestScoring:
    def test_one_prediction_of_a_kind_waits_for_its_truth(self, predictions: Predictions) -> None:
        predictions.remember(FIRST)

        predictions.predict("cus_ana")
        predictions.predict("cus_ana")

        kept = predictions.history("cus_ana")
        assert sorted(each.kind for each in kept) == sorted(Kind)
        assert all(each.accuracy is None and 0 <= each.confidence <= 1 for each in kept)

    def test_the_next_purchase_decides_all_but_the_value(
        self, predictions: Predictions, clock: FakeClock, ledger: Ledger
    ) -> None:
        predictions.remember(FIRST)
        seen = predictions.predict("cus_ana")
        assert seen is not None
        at = datetime.combine(seen.not_before, MARCH.timetz()) + DAY
        clock.advance(at - MARCH + DAY)

        predictions.remember(bought("ord_3", at, BALM, TEA))

        kept = by_kind(predictions.history("cus_ana"))
        assert kept[Kind.CHURN].actual_value == {"churned": False}
        assert kept[Kind.CHURN].accuracy == float(seen.churn_risk < 0.5)
        assert kept[Kind.NEXT_PURCHASE].actual_value == {"date": at.date().isoformat()}
        assert kept[Kind.NEXT_PURCHASE].accuracy == 1.0
        assert kept[Kind.RECOMMENDATION].actual_value == {"products": [BALM.id, TEA.id]}
        assert kept[Kind.RECOMMENDATION].accuracy == 1.0
        assert kept[Kind.VALUE].scored_at is None
        rows = warehouse_rows(ledger)
        assert len(rows) == 4 + 3
        assert [TABLES["predictions"].fault(row) for row in rows] == [None] * 7

    def test_a_purchase_from_before_the_prediction_decides_nothing(self, predictions: Predictions) -> None:
        predictions.remember(FIRST)
        predictions.predict("cus_ana")

        predictions.remember(SECOND)

        assert all(each.scored_at is None for each in predictions.history("cus_ana"))

    def test_records_show_how_right_each_kind_was(self, predictions: Predictions, clock: FakeClock) -> None:
        for customer in ("cus_ana", "cus_ben"):
            predictions.remember(replace(FIRST, order_id=f"ord_{customer}", customer_id=customer))
            predictions.predict(customer)
        clock.advance(2 * DAY)

        predictions.remember(bought("ord_4", MARCH + DAY, GUMMIES, customer_id="cus_ben"))

        records = {each.kind: each for each in predictions.records()}
        assert set(records) == {Kind.CHURN, Kind.NEXT_PURCHASE, Kind.RECOMMENDATION}
        assert all(each.scored == 1 for each in records.values())
        assert records[Kind.RECOMMENDATION].accuracy == 1.0


def test_due_day_is_a_horizon_away(predictions: Predictions, fitted: str) -> None:
    predictions.remember(FIRST)
    predictions.predict("cus_ana")

    kept = predictions.history("cus_ana")

    today = MARCH.astimezone(CHICAGO).date()
    assert {(each.due_on, each.model_version) for each in kept} == {(today + HORIZON * DAY, fitted)}
