from contextlib import closing

from sqlalchemy import text

from evals.checkout.statement_recording import Player, Recorder
from evals.checkout.workload import rush
from foundation.sql import Ledger
from tests.commerce.checkout.conftest import buy
from tests.fakes import FakeClock
from tests.shop import Shop, product


def test_played_tape_writes_what_was_recorded(ledger: Ledger, clock: FakeClock) -> None:
    shop = Shop(ledger, clock)
    shop.welcome("ana")
    shop.inventory.put([product(1, quantity=12)])
    with closing(Recorder(shop.ledger)) as recorder, recorder.taping() as tape:
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

    with closing(Player(shop.ledger.engine.url.render_as_string(), main=1, beside=1)) as player:
        player.play(tape)

    assert shop.checkout.find(order.id) == order
    assert [(each.quantity, each.reserved) for each in shop.inventory.products()] == [(11, 0)]
    assert tape.statements > tape.commits > 1


def test_rush_does_every_task_once() -> None:
    done: list[int] = []

    pace = rush(done.append, range(40), clients=8)

    assert sorted(done) == list(range(40))
    assert pace.p50_ms <= pace.p95_ms
