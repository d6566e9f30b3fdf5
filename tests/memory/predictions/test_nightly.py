from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import func, insert, select

from foundation.sql import Ledger
from memory.predictions import nightly as nights
from memory.predictions.models import Kind
from memory.predictions.nightly import FOR_EVERYBODY, Nightly
from memory.predictions.purchases import PURCHASES, RHYTHMS, summarise_all
from memory.predictions.service import Predictions
from memory.predictions.store import MODELS, PREDICTIONS
from tests.fakes import FakeClock
from tests.memory.predictions.conftest import GUMMIES, HORIZON, SHOP, TEA, TODAY, World, bought

MARCH = datetime(2026, 3, 1, 18, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def shop(ledger: Ledger) -> int:
    """A ledger with the past of some customers in it; how many."""
    drawn = World.draw(300, seed=9).purchases.before(TODAY)
    start = MARCH.date() - TODAY * DAY
    rows = [
        {
            "order_id": f"ord_{number}",
            "customer_id": f"cus_{who:03d}",
            "at": MARCH - (TODAY - day) * DAY,
            "day": start + day * DAY,
            "amount_cents": cents,
            "products": [SHOP[(who + number % 3) % 4].id],
        }
        for number, (who, day, cents) in enumerate(
            zip(drawn.customer.tolist(), drawn.day.tolist(), drawn.spent.tolist(), strict=True)
        )
    ]
    with ledger.transaction() as connection:
        connection.execute(insert(PURCHASES), rows)
        summarise_all(connection)
    return len(np.unique(drawn.customer))


def waiting(ledger: Ledger) -> int:
    with ledger.transaction() as connection:
        still = select(func.count()).where(PREDICTIONS.c.scored_at.is_(None))
        return connection.execute(still).scalar_one()


class Stopped(Exception):
    """The process went away."""


def test_a_night_predicts_for_everybody_and_again_changes_nothing(
    nightly: Nightly, ledger: Ledger, shop: int
) -> None:
    done: dict[str, int] = {}

    version = nightly.run(progress=lambda part, more: done.update({part: done.get(part, 0) + more}))

    assert done == {"forecast": shop}
    assert waiting(ledger) == shop * len(FOR_EVERYBODY)
    assert nightly.run() == version
    assert waiting(ledger) == shop * len(FOR_EVERYBODY)


def test_a_night_that_was_cut_off_is_finished_by_the_next(
    nightly: Nightly, ledger: Ledger, shop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nights, "AT_ONCE", 100)

    def stop(part: str, more: int) -> None:
        raise Stopped(part, more)

    with pytest.raises(Stopped):
        nightly.run(progress=stop)
    assert waiting(ledger) == 100 * len(FOR_EVERYBODY)

    nightly.run()

    assert waiting(ledger) == shop * len(FOR_EVERYBODY)


@pytest.mark.usefixtures("fitted")
def test_what_is_due_is_held_against_all_that_was_bought_in_its_time(
    nightly: Nightly, predictions: Predictions, clock: FakeClock
) -> None:
    predictions.remember(bought("ord_1", MARCH - 30 * DAY, GUMMIES))
    predictions.remember(bought("ord_b", MARCH - 30 * DAY, GUMMIES, customer_id="cus_ben"))
    predictions.predict("cus_ana")
    predictions.predict("cus_ben")
    for number, cents in ((20, 1_500), (HORIZON - 1, 2_500), (HORIZON, 99_900)):
        predictions.remember(bought(f"ord_{number}", MARCH + number * DAY, TEA, cents=cents))

    nightly.score_due()
    assert all(each.scored_at is None for each in predictions.history("cus_ben"))
    clock.advance(HORIZON * DAY)
    nightly.score_due()

    ana, ben = ({each.kind: each for each in predictions.history(who)} for who in ("cus_ana", "cus_ben"))
    assert ana[Kind.VALUE].actual_value == {"cents": 4_000}
    assert ana[Kind.VALUE].accuracy == pytest.approx(
        1 - abs(ana[Kind.VALUE].value["cents"] - 4_000) / max(ana[Kind.VALUE].value["cents"], 4_000)
    )
    assert ben[Kind.CHURN].actual_value == {"churned": True}
    assert ben[Kind.NEXT_PURCHASE].actual_value == {"date": None}
    assert ben[Kind.NEXT_PURCHASE].accuracy is None
    assert ben[Kind.RECOMMENDATION].accuracy is None
    assert all(each.scored_at is not None for each in [*ana.values(), *ben.values()])


@pytest.mark.usefixtures("fitted")
def test_what_is_too_old_goes_out_of_the_rhythms_too(
    nightly: Nightly, predictions: Predictions, ledger: Ledger, clock: FakeClock
) -> None:
    predictions.remember(bought("ord_1", MARCH - 30 * DAY, GUMMIES))
    predictions.remember(bought("ord_2", MARCH - 5 * DAY, TEA, cents=1_000))
    predictions.remember(bought("ord_b", MARCH - 30 * DAY, GUMMIES, customer_id="cus_ben"))
    predictions.predict("cus_ana")
    clock.advance(DAY)

    dropped = nightly.drop_before(MARCH - 10 * DAY)

    with ledger.transaction() as connection:
        left = connection.execute(select(RHYTHMS.c.customer_id, RHYTHMS.c.days, RHYTHMS.c.spent_cents)).all()
    assert dropped == 2
    assert [tuple(row) for row in left] == [("cus_ana", 1, 1_000)]
    assert nightly.drop_before(MARCH + DAY) == 1 + len(Kind)


def test_models_of_last_week_are_not_kept(
    nightly: Nightly, ledger: Ledger, shop: int, clock: FakeClock
) -> None:
    for _ in range(3):
        nightly.fit()
        clock.advance(5 * DAY)

    with ledger.transaction() as connection:
        kept = connection.execute(select(func.count()).select_from(MODELS)).scalar_one()
    assert shop > 0
    assert kept == 2


def test_of_a_shop_without_a_past_nothing_is_predicted(nightly: Nightly, ledger: Ledger) -> None:
    assert nightly.run() is None
    assert waiting(ledger) == 0
