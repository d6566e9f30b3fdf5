from contextlib import closing

from sqlalchemy import text

from evals.checkout.statement_recording import StatementRecorder, StatementReplayer
from evals.checkout.workload import run_concurrently
from foundation.sql import Ledger
from tests.commerce.checkout.conftest import buy
from tests.fakes import FakeClock
from tests.shop import Shop, product


def test_replayed_recording_writes_what_was_recorded(ledger: Ledger, clock: FakeClock) -> None:
    shop = Shop(ledger, clock)
    shop.welcome("ana")
    shop.inventory.put([product(1, quantity=12)])
    with closing(StatementRecorder(shop.ledger)) as recorder, recorder.record() as recording:
        order = buy(shop)
    with shop.ledger.transaction() as connection:
        for table in (
            "outbox_deliveries",
            "outbox",
            "orders",
            "payments",
            "sandbox_charges",
            "fraud_attempts",
        ):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - the names are above
        connection.execute(text("UPDATE products SET quantity = 12"))

    with closing(StatementReplayer(shop.ledger.engine.url.render_as_string(), main=1, beside=1)) as replayer:
        replayer.replay(recording)

    assert shop.checkout.find(order.id) == order
    assert [(each.quantity, each.reserved) for each in shop.inventory.products()] == [(11, 0)]
    assert recording.statements > recording.commits > 1


def test_concurrent_run_does_every_task_once() -> None:
    done: list[int] = []

    load = run_concurrently(done.append, range(40), clients=8)

    assert sorted(done) == list(range(40))
    assert load.p50_ms <= load.p95_ms
