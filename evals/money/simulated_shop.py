"""A shop whose clock, card gateway and relay are driven by an interleaving."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from pydantic import SecretStr
from sqlalchemy import update

from api.containers.container import Container, build_container
from api.containers.overrides import CommerceOverrides, Overrides
from commerce.age.models import AgeSubmission
from commerce.customers.models import NewCustomer
from commerce.payments.gateway_store import recurrings
from commerce.payments.ports import CardGateway, CardVault, GatewaySilent, PlanGateway, TransactionGateway
from demo.fakes.authorize_net import LOGIN_ID, SIGNATURE_KEY, TRANSACTION_KEY, FakeAuthorizeNet
from evals.money.gateway_simulators import AuthorizeNetSimulator, GatewaySimulator, SandboxSimulator
from foundation.outbox import Relay
from foundation.settings import Settings

START = datetime(2026, 1, 1, 15, tzinfo=UTC)
LONG_BEFORE = START - timedelta(days=3_650)
TICK = timedelta(microseconds=1)
ADULT = AgeSubmission("Ana Alvarez", date(1990, 5, 1), "TX", "4821")
MAX_DELIVERIES = 200
"""Deliveries after which the relay counts as stuck."""


class TickingClock:
    """Advances by one tick whenever it is read, so that timestamps are strictly increasing."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += TICK
        return self.now


@dataclass
class LostAnswers:
    """Loses the next `left` answers of the gateway, before or after it has executed the request."""

    left: int = 0
    is_done_first: bool = False
    lost: int = 0

    def over(self, gateway: CardGateway) -> CardGateway:
        return FlakyGateway(
            cast(CardVault, FlakyPart(gateway.cards, self)),
            cast(TransactionGateway, FlakyPart(gateway.transactions, self)),
            cast(PlanGateway, FlakyPart(gateway.plans, self)),
        )


@dataclass(frozen=True)
class FlakyPart:
    inner: object
    answers: LostAnswers

    def __getattr__(self, name: str) -> Callable[..., Any]:
        ask = getattr(self.inner, name)

        def asked(*arguments: object, **named: object) -> object:
            if self.answers.left == 0:
                return ask(*arguments, **named)
            self.answers.left -= 1
            self.answers.lost += 1
            if self.answers.is_done_first:
                ask(*arguments, **named)
            raise GatewaySilent

        return asked


@dataclass(frozen=True)
class FlakyGateway:
    cards: CardVault
    transactions: TransactionGateway
    plans: PlanGateway


@dataclass
class SimulatedShop:
    shop: Container
    clock: TickingClock
    answers: LostAnswers
    gateway: GatewaySimulator
    members: int = 0
    refused: int = 0

    def register_member(self) -> str:
        """A new customer of age with a card that is approved."""
        self.members += 1
        self.gateway.begin()
        customer_id = f"cus_{self.members:07d}"
        person = NewCustomer("Ana Alvarez", f"{customer_id}@example.com", state="TX")
        self.shop.commerce.customers.service.register(person, customer_id=customer_id)
        self.shop.commerce.payments.service.cards.add(
            customer_id, nonce=self.gateway.nonce("approve", customer_id)
        )
        self.shop.commerce.age.service.verify(customer_id, ADULT)
        return customer_id

    def stop_billing(self, customer_id: str) -> None:
        """End the member's plans: the next interleaving begins at an earlier time again."""
        theirs = recurrings.c.customer_id == customer_id
        with self.shop.infrastructure.ledger.transaction() as connection:
            connection.execute(update(recurrings).where(theirs).values(ended_at=LONG_BEFORE))

    def relay(self) -> None:
        """Deliver events so that the gateway's subscriptions follow the memberships."""
        relay = Relay(
            self.shop.infrastructure.ledger,
            [self.shop.commerce.memberships.billing.subscriber()],
            now=self.clock,
        )
        for _ in range(MAX_DELIVERIES):
            if not relay.deliver("billing"):
                return
        raise RuntimeError("the relay does not come to an end")


@contextmanager
def open_simulated_shop(settings: Settings, *, with_authorize_net: bool = False) -> Iterator[SimulatedShop]:
    """With the sandbox, or with the real connector and a fake Authorize.Net server."""
    clock = TickingClock()
    fake = FakeAuthorizeNet(now=clock)
    with (
        fake.serving() if with_authorize_net else nullcontext("") as fake_url,
        _open_shop(settings, clock, fake_url) as opened,
    ):
        shop, answers = opened
        gateway = AuthorizeNetSimulator(fake) if with_authorize_net else SandboxSimulator(shop, clock)
        yield SimulatedShop(shop, clock, answers, gateway)


@contextmanager
def _open_shop(
    settings: Settings, clock: TickingClock, fake_url: str
) -> Iterator[tuple[Container, LostAnswers]]:
    answers = LostAnswers()
    overrides = Overrides(clock=clock, commerce=CommerceOverrides(gateway=answers.over))
    shop = build_container(_with_gateway(settings, fake_url), overrides)
    try:
        shop.infrastructure.warehouse.ensure()
        yield shop, answers
    finally:
        shop.close()


def _with_gateway(settings: Settings, fake_url: str) -> Settings:
    """The warehouse is filled in large batches; with a URL, the gateway is the fake Authorize.Net server."""
    warehouse = settings.warehouse.model_copy(update={"batch_rows": 5_000, "batch_seconds": 0})
    wanted: dict[str, object] = {"gateway": "sandbox"}
    if fake_url:
        wanted = {
            "gateway": "authorize_net",
            "url": fake_url,
            "login_id": SecretStr(LOGIN_ID),
            "transaction_key": SecretStr(TRANSACTION_KEY),
            "signature_key": SecretStr(SIGNATURE_KEY),
        }
    payments = settings.payments.model_copy(update=wanted)
    return settings.model_copy(update={"warehouse": warehouse, "payments": payments})
