from collections.abc import Iterator

import pytest
from sqlalchemy import update

from commerce.memberships.models import Tier
from commerce.payments.sandbox import sandbox_charges
from commerce.payments.store import payments
from evals.money import ledger_comparison
from evals.money.operations import Act, Member
from evals.money.simulated_shop import Stage, open_stage
from evals.suites import money
from foundation.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def stage(live_settings: Settings) -> Iterator[Stage]:
    with open_stage(live_settings) as stage:
        yield stage


@pytest.mark.parametrize("with_stand", [False, True], ids=["sandbox", "stand"])
def test_a_few_interleavings_end_in_agreement(live_settings: Settings, *, with_stand: bool) -> None:
    with open_stage(live_settings, with_stand=with_stand) as stage:
        tally = money.play_all(stage, count=4, start=5)

    assert (tally.interleavings, tally.findings) == (4, [])
    assert tally.acts.total() > 12


def test_a_cent_that_differs_is_found_in_each_of_the_books(stage: Stage) -> None:
    ledger, member = stage.shop.ledger, Member(stage)
    member.live(Act("subscribe", Tier.SILVER))
    member.leave()
    money.carry_to_warehouse(stage)
    sound = [
        *ledger_comparison.faults(ledger, member.customer_id),
        *ledger_comparison.in_warehouse(ledger, stage.shop.warehouse),
    ]

    with ledger.transaction() as connection:
        connection.execute(update(payments).values(amount_cents=payments.c.amount_cents + 1))
        connection.execute(update(sandbox_charges).values(amount_cents=sandbox_charges.c.amount_cents + 2))

    assert sound == []
    assert stage.gateway.kept_cents() != ledger_comparison.kept_cents(ledger, member.customer_id)
    assert "delivered" in " ".join(ledger_comparison.faults(ledger, member.customer_id))
    assert len(list(ledger_comparison.in_warehouse(ledger, stage.shop.warehouse))) == 1
