from collections.abc import Iterator

import pytest
from sqlalchemy import update

from commerce.memberships.models import Tier
from commerce.payments.sandbox import sandbox_charges
from commerce.payments.store import payments
from evals.money import ledger_comparison
from evals.money.operations import Member, Operation
from evals.money.simulated_shop import SimulatedShop, open_simulated_shop
from evals.suites import money
from foundation.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def simulation(live_settings: Settings) -> Iterator[SimulatedShop]:
    with open_simulated_shop(live_settings) as simulation:
        yield simulation


@pytest.mark.parametrize("with_authorize_net", [False, True], ids=["sandbox", "authorize_net"])
def test_a_few_interleavings_end_in_agreement(live_settings: Settings, *, with_authorize_net: bool) -> None:
    with open_simulated_shop(live_settings, with_authorize_net=with_authorize_net) as simulation:
        tally = money.run_all(simulation, count=4, start=5)

    assert (tally.interleavings, tally.findings) == (4, [])
    assert tally.operations.total() > 12


def test_a_cent_that_differs_is_found_in_ledger_gateway_and_warehouse(simulation: SimulatedShop) -> None:
    ledger, member = simulation.shop.infrastructure.ledger, Member(simulation)
    member.apply(Operation("subscribe", Tier.SILVER))
    member.settle_and_cancel()
    money.deliver_to_warehouse(simulation)
    clean = [
        *ledger_comparison.ledger_violations(ledger, member.customer_id),
        *ledger_comparison.warehouse_differences(ledger, simulation.shop.infrastructure.warehouse),
    ]

    with ledger.transaction() as connection:
        connection.execute(update(payments).values(amount_cents=payments.c.amount_cents + 1))
        connection.execute(update(sandbox_charges).values(amount_cents=sandbox_charges.c.amount_cents + 2))

    assert clean == []
    assert simulation.gateway.kept_cents() != ledger_comparison.kept_cents(ledger, member.customer_id)
    assert "delivered" in " ".join(ledger_comparison.ledger_violations(ledger, member.customer_id))
    assert (
        len(list(ledger_comparison.warehouse_differences(ledger, simulation.shop.infrastructure.warehouse)))
        == 1
    )
