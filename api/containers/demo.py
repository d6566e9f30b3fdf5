"""The container as the generator of the demo shop uses it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from api.containers.commerce import build_commerce
from api.containers.infrastructure import build_infrastructure
from api.containers.memory import build_memory
from api.containers.overrides import USUAL, Overrides
from api.containers.warehouse_tables import TABLES
from commerce.age.ports import NoProofCache
from demo.generator.services import SetClock, ShopServices
from foundation.clock import Clock, system_clock
from foundation.outbox import Outbox
from foundation.settings import Settings
from foundation.sql import Ledger
from foundation.warehouse.feed import subscription
from memory.engine import nothing_read

NEVER = 1.0
"""No past purchase waits for a review."""


@contextmanager
def demo_services(
    settings: Settings, *, clock: SetClock, overrides: Overrides = USUAL
) -> Iterator[ShopServices]:
    """Only the warehouse receives the past: nobody wants a notice of what was two years ago.

    Data keys are dated by the true clock, since theirs is not a part of the past.
    """
    overrides = replace(
        overrides,
        clock=clock,
        key_clock=system_clock,
        outbox=_outbox,
        commerce=replace(overrides.commerce, proof_cache=NoProofCache()),
        memory=replace(overrides.memory, read_statements=nothing_read),
    )
    with closing(build_infrastructure(_suited(settings), overrides)) as infrastructure:
        commerce = build_commerce(infrastructure, overrides)
        memory = build_memory(infrastructure, commerce, overrides)
        yield ShopServices(
            ledger=infrastructure.ledger,
            clock=clock,
            calendar=infrastructure.calendar,
            outbox=infrastructure.outbox,
            customers=commerce.customers.service,
            inventory=commerce.inventory,
            ages=commerce.age.service,
            payments=commerce.payments.service,
            memberships=commerce.memberships.service,
            billing=commerce.memberships.billing,
            raffles=commerce.raffles.service,
            memory=memory.engine,
            knowledge=memory.knowledge,
            nightly=memory.predictions.nightly,
        )


def _suited(settings: Settings) -> Settings:
    """Charged at the sandbox, whatever gateway the shop itself uses."""
    payments = settings.payments.model_copy(update={"gateway": "sandbox"})
    fraud = settings.fraud.model_copy(update={"review_from": NEVER})
    return settings.model_copy(update={"payments": payments, "fraud": fraud})


def _outbox(ledger: Ledger, clock: Clock) -> Outbox:
    return Outbox(ledger, [subscription(TABLES)], now=clock)
