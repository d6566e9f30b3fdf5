"""A shop whose clock, card gateway and relay do what an interleaving says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from pydantic import SecretStr
from sqlalchemy import update

from api.containers.shop import Shop
from api.containers.spares import Spares
from commerce.age.models import AgeSubmission
from commerce.customers.models import NewCustomer
from commerce.payments.gateway_store import recurrings
from commerce.payments.ports import CardGateway, GatewaySilent
from demo.fakes.authorize_net import LOGIN_ID, SIGNATURE_KEY, TRANSACTION_KEY, AuthorizeNetStand
from evals.money.gateway_simulators import Gateway, Sandbox, Stand
from foundation.outbox import Relay
from foundation.settings import Settings

START = datetime(2026, 1, 1, 15, tzinfo=UTC)
LONG_AGO = START - timedelta(days=3_650)
TICK = timedelta(microseconds=1)
ADULT = AgeSubmission("Ana Alvarez", date(1990, 5, 1), "TX", "4821")
MOST_EVENTS = 200
"""So often the relay is asked before it counts as stuck."""


class TickingClock:
    """Stands still but for a tick whenever it is read, so that what follows is always later."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += TICK
        return self.now


@dataclass
class Hiccups:
    """The gateway, whose next answers are lost: before it has done what was asked, or after."""

    inner: CardGateway
    left: int = 0
    is_done_first: bool = False
    lost: int = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        ask = getattr(self.inner, name)

        def asked(*arguments: object, **named: object) -> object:
            if self.left == 0:
                return ask(*arguments, **named)
            self.left -= 1
            self.lost += 1
            if self.is_done_first:
                ask(*arguments, **named)
            raise GatewaySilent

        return asked


@dataclass
class Stage:
    shop: Shop
    clock: TickingClock
    answers: Hiccups
    gateway: Gateway
    members: int = 0
    refused: int = 0

    def welcome(self) -> str:
        """A new customer of age with a card that is approved."""
        self.members += 1
        self.gateway.begin()
        customer_id = f"cus_{self.members:07d}"
        person = NewCustomer("Ana Alvarez", f"{customer_id}@example.com", state="TX")
        self.shop.customers.register(person, customer_id=customer_id)
        self.shop.payments.add_card(customer_id, nonce=self.gateway.nonce("approve", customer_id))
        self.shop.ages.verify(customer_id, ADULT)
        return customer_id

    def dismiss(self, customer_id: str) -> None:
        """Nobody looks after their plans any more: the next member's time begins where this one's did."""
        theirs = recurrings.c.customer_id == customer_id
        with self.shop.ledger.transaction() as connection:
            connection.execute(update(recurrings).where(theirs).values(ended_at=LONG_AGO))

    def relay(self) -> None:
        """The gateway's subscriptions follow the memberships."""
        relay = Relay(self.shop.ledger, [self.shop.membership_billing.subscriber()], now=self.clock)
        for _ in range(MOST_EVENTS):
            if not relay.deliver("billing"):
                return
        raise RuntimeError("the relay never comes to an end")


@contextmanager
def open_stage(settings: Settings, *, with_stand: bool = False) -> Iterator[Stage]:
    """With the sandbox, or with Authorize.Net's stand behind the real connector."""
    clock = TickingClock()
    stand = AuthorizeNetStand(now=clock)
    with (
        stand.serving() if with_stand else nullcontext("") as url,
        _open_shop(settings, clock, url) as opened,
    ):
        shop, answers = opened
        gateway = Stand(stand) if with_stand else Sandbox(shop, clock)
        yield Stage(shop, clock, answers, gateway)


@contextmanager
def _open_shop(settings: Settings, clock: TickingClock, url: str) -> Iterator[tuple[Shop, Hiccups]]:
    gateways: list[Hiccups] = []

    def hiccuping(inner: CardGateway) -> CardGateway:
        gateways.append(Hiccups(inner))
        return cast(CardGateway, gateways[-1])

    shop = Shop(_suited(settings, url), now=clock, spares=Spares(gateway=hiccuping))
    try:
        shop.warehouse.ensure()
        _ = shop.payments
        yield shop, gateways[-1]
    finally:
        shop.close()


def _suited(settings: Settings, url: str) -> Settings:
    """The warehouse is filled a batch of interleavings at a time; with an address, the gateway is there."""
    warehouse = settings.warehouse.model_copy(update={"batch_rows": 5_000, "batch_seconds": 0})
    wanted: dict[str, object] = {"gateway": "sandbox"}
    if url:
        wanted = {
            "gateway": "authorize_net",
            "url": url,
            "login_id": SecretStr(LOGIN_ID),
            "transaction_key": SecretStr(TRANSACTION_KEY),
            "signature_key": SecretStr(SIGNATURE_KEY),
        }
    payments = settings.payments.model_copy(update=wanted)
    return settings.model_copy(update={"warehouse": warehouse, "payments": payments})
