"""A shard's past as calls of the shop's services, each repeatable by its id or key."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from commerce.age.models import AgeSubmission
from commerce.customers.models import NewCustomer
from commerce.memberships.models import Tier
from demo.generator.catalogue import Item
from demo.generator.enrolment import STATES, TIERS, VALID_DAYS
from demo.generator.services import ShopServices
from demo.generator.shop import Shard, Shop, moment
from demo.generator.talk import exchanges
from memory.conversations.models import Interaction
from memory.predictions.events import PurchaseRow

SOON = timedelta(minutes=5)
TICK = timedelta(seconds=1)
RISES_AFTER_DAYS = 40
REASONS = (
    "It costs more than I save.",
    "I come in too rarely.",
    "We are moving away.",
    "I am taking a break.",
)


@dataclass(frozen=True)
class Step:
    """Something that happened. What charges a card commits on its own, since others may wait for it."""

    at: datetime
    do: Callable[[], object]
    is_charge: bool = False


def arrivals(shop: Shop, shard: Shard, services: ShopServices) -> list[Step]:
    """Each customer registers, adds a card and proves their age."""
    return [step for row in range(len(shard.people)) for step in _arrival(shop, shard, services, row)]


def _arrival(shop: Shop, shard: Shard, services: ShopServices, row: int) -> Iterator[Step]:
    people, enrolment = shard.people, shard.enrolment
    customer_id, name = shard.customer_id(row), enrolment.name(row)
    at = moment(shop.config, people.acquired[row])
    email = f"{name.lower().replace(' ', '.')}.{people.number[row]}@example.com"
    person = NewCustomer(name, email, state=STATES[enrolment.state[row]])
    yield Step(at, partial(register, services, person, customer_id=customer_id))
    if enrolment.has_card[row]:
        nonce = f"tok_approve.{customer_id}"
        yield Step(at + SOON, partial(services.payments.cards.add, customer_id, nonce=nonce))
    if np.isfinite(enrolment.verified[row]):
        verified_at = moment(shop.config, enrolment.verified[row])
        yield Step(verified_at, _age_check(shop, shard, services, row))


def register(services: ShopServices, person: NewCustomer, *, customer_id: str) -> None:
    if services.customers.id_of(person.email) is None:
        services.customers.register(person, customer_id=customer_id)


def history(shop: Shop, shard: Shard, services: ShopServices) -> list[Step]:
    """What followed, in order of time."""
    steps = [
        *_renewals(shop, shard, services),
        *_purchases(shop, shard, services),
        *_memberships(shop, shard, services),
        *_tickets(shop, shard, services),
    ]
    return sorted(steps, key=lambda step: step.at)


def purchase(
    services: ShopServices, customer_id: str, order_id: str, *, items: Sequence[Item], cents: int
) -> None:
    """An order of the past, as the warehouse knows it."""
    row = PurchaseRow(
        order_id=order_id,
        customer_id=customer_id,
        payment_method="credit_card",
        amount_cents=cents,
        order_size=len(items),
        products=tuple(item.id for item in items),
        timestamp=services.clock(),
    )
    services.outbox.publish(row, customer_id=customer_id, event_id=f"evt_purchases_{order_id}")


def interactions(shop: Shop, shard: Shard) -> list[Interaction]:
    """Every turn of every conversation, in order of time."""
    customers = shard.talks.customer.tolist()
    spoken = [
        Interaction(
            id=f"trn_{shard.customer_id(customers[said.talk])}_{said.talk}_{said.turn}",
            customer_id=shard.customer_id(customers[said.talk]),
            thread_id=f"thr_{shard.customer_id(customers[said.talk])}_{said.talk}",
            channel=said.channel,
            at=moment(shop.config, said.at),
            message=said.message,
            response=said.response,
        )
        for said in exchanges(shard.talks, shop.shelf)
    ]
    return sorted(spoken, key=lambda interaction: interaction.at)


def _age_check(shop: Shop, shard: Shard, services: ShopServices, row: int) -> Callable[[], object]:
    enrolment = shard.enrolment
    born = shop.config.starts_at - timedelta(days=365.25 * float(enrolment.age[row]))
    form = AgeSubmission(
        full_name=enrolment.name(row),
        date_of_birth=born.date(),
        state=STATES[enrolment.state[row]],
        id_last4=f"{shard.people.number[row] % 10_000:04d}",
    )
    return partial(services.ages.verify, shard.customer_id(row), form)


def _renewals(shop: Shop, shard: Shard, services: ShopServices) -> Iterator[Step]:
    enrolment = shard.enrolment
    for row in np.flatnonzero(enrolment.renews & np.isfinite(enrolment.verified)).tolist():
        again = np.arange(enrolment.verified[row] + VALID_DAYS, shop.config.days, VALID_DAYS)
        for at in again.tolist():
            yield Step(moment(shop.config, at) + TICK, _age_check(shop, shard, services, row))


def _purchases(shop: Shop, shard: Shard, services: ShopServices) -> Iterator[Step]:
    visits, lines = shard.visits, shard.lines
    totals = shard.receipts(shop.shelf).total.tolist()
    ends = np.searchsorted(lines.visit, np.arange(len(visits)), side="right").tolist()
    starts = [0, *ends[:-1]]
    items = np.repeat(lines.product, lines.quantity)
    places = np.concatenate([[0], np.cumsum(lines.quantity)]).tolist()
    for visit, customer in enumerate(visits.customer.tolist()):
        customer_id = shard.customer_id(customer)
        bought = [shop.items[row] for row in items[places[starts[visit]] : places[ends[visit]]]]
        order_id = f"ord_{customer_id}_{visit}"
        do = partial(purchase, services, customer_id, order_id, items=bought, cents=totals[visit])
        yield Step(moment(shop.config, visits.at[visit]), do)


def _memberships(shop: Shop, shard: Shard, services: ShopServices) -> Iterator[Step]:
    """Members join, some rise by a tier, some leave; their months are collected once a week."""
    lives, enrolment = shard.lives, shard.enrolment
    for row in np.flatnonzero(np.isfinite(lives.joined)).tolist():
        customer_id, joined, left = shard.customer_id(row), lives.joined[row], enrolment.cancelled[row]
        tier = int(enrolment.tier[row])
        key = f"demo-membership-{customer_id}"
        first = Tier(TIERS[tier - 1 if enrolment.rises[row] else tier])
        join = partial(services.memberships.subscribe, customer_id, tier=first, key=key)
        yield Step(moment(shop.config, joined), join, is_charge=True)
        if enrolment.rises[row] and joined + RISES_AFTER_DAYS < min(left, shop.config.days):
            rise = partial(
                services.memberships.tiers.upgrade, customer_id, tier=Tier(TIERS[tier]), key=f"{key}-rise"
            )
            yield Step(moment(shop.config, joined + RISES_AFTER_DAYS), rise, is_charge=True)
        if np.isfinite(left):
            reason = REASONS[shard.people.number[row] % len(REASONS)]
            leave = partial(services.memberships.cancel, customer_id, reason=reason, key=f"{key}-left")
            yield Step(moment(shop.config, max(left, joined + 1)), leave)
    for day in (*range(1, shop.config.days, 7), shop.config.days - 1):
        yield Step(moment(shop.config, day), services.billing.collect, is_charge=True)


def _tickets(shop: Shop, shard: Shard, services: ShopServices) -> Iterator[Step]:
    entries = shard.entries
    rows = zip(
        entries.raffle.tolist(),
        entries.customer.tolist(),
        entries.at.tolist(),
        entries.tickets.tolist(),
        strict=True,
    )
    for raffle, customer, at, tickets in rows:
        customer_id, plan = shard.customer_id(customer), shop.raffles[raffle]
        do = partial(
            services.raffles.buy_tickets,
            customer_id,
            raffle_id=plan.id,
            quantity=tickets,
            key=f"demo-{plan.id}-{customer_id}",
        )
        yield Step(moment(shop.config, at), do, is_charge=True)
