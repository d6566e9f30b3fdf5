"""Live a shop's past through its services: the demo ledger holds what the rules allow, and its events.

Every step is known by its id or key, so a run that was cut off is simply run again. Dana, the
demo customer, comes last and in one transaction: where she is, the shop is whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import TypeVar

from commerce.age.models import AgeSubmission
from commerce.checkout import store as checkout_store
from commerce.checkout.facts import order_row
from commerce.checkout.models import Order, OrderStatus
from commerce.checkout.pricing import Line, Totals
from commerce.customers import store as customer_store
from commerce.customers.models import NewCustomer
from commerce.inventory.models import Category, Effect, Flavour, Product
from commerce.memberships import store as membership_store
from commerce.memberships.models import Tier
from commerce.raffles import store as raffle_store
from commerce.raffles.events import RaffleRow
from commerce.raffles.facts import raffle_row
from commerce.raffles.models import Raffle, RaffleStatus
from demo.generator import regulars
from demo.generator.catalogue import Item
from demo.generator.forecasting import fit_forecasts
from demo.generator.history import Step, arrivals, history, interactions, purchase, register
from demo.generator.raffles import RafflePlan
from demo.generator.regulars import DANA, Regular
from demo.generator.services import ShopServices
from demo.generator.shop import Shop, moment
from foundation.money import Money
from foundation.sql import Ledger
from memory.conversations.models import Interaction

DOCUMENTS = Path(__file__).with_name("documents")
BATCH = 50
PARTS = ("customers", "history", "conversations")
EXCLUSIVE = {"prd_058": "SILVER", "prd_059": "GOLD", "prd_060": "GOLD"}
NEW, SOON = "prd_057", timedelta(hours=36)
"""Flower for members alone, and one that is on sale for everybody a day and a half later."""
GIFT = "prd_300"
Advance = Callable[[str, int, int], object]
"""Hears of which part how many steps were just done, of how many."""
Each = TypeVar("Each")


def is_built(ledger: Ledger) -> bool:
    with ledger.transaction() as connection:
        return customer_store.find(connection, DANA.id) is not None


def build(shop: Shop, services: ShopServices, *, advance: Advance) -> None:
    services.inventory.put(product(item, shop.config.ends_at) for item in shop.items)
    for document in sorted(DOCUMENTS.glob("*.md")):
        services.knowledge.publish(document.stem, document.read_text(), by="stf_demo")
    for plan in shop.raffles:
        _announce(shop, services, plan)
    for shard in shop.shards():
        _live(services, arrivals(shop, shard, services), part="customers", advance=advance)
        _live(services, history(shop, shard, services), part="history", advance=advance)
        _learn(services, interactions(shop, shard), advance=advance)
    for regular in regulars.OTHERS:
        _settle(shop, services, regular)
    _arrange_payments(shop, services)
    with services.ledger.transaction():
        _settle(shop, services, DANA)
        _dana(shop, services)
        services.clock.now = shop.config.ends_at
        fit_forecasts(services)


def _live(services: ShopServices, steps: Sequence[Step], *, part: str, advance: Advance) -> None:
    for is_charge, alike in groupby(steps, key=lambda step: step.is_charge):
        for batch in _batches(alike):
            with nullcontext() if is_charge else services.ledger.transaction():
                for step in batch:
                    services.clock.now = step.at
                    step.do()
            advance(part, len(batch), len(steps))


def _learn(services: ShopServices, turns: Sequence[Interaction], *, advance: Advance) -> None:
    for batch in _batches(turns):
        services.clock.now = batch[-1].at
        services.memory.learn_all(batch)
        advance("conversations", len(batch), len(turns))


def _batches(each: Iterable[Each]) -> Iterator[list[Each]]:
    iterator = iter(each)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def product(item: Item, updated_at: datetime) -> Product:
    return Product(
        id=item.id,
        source="demo",
        sku=item.sku,
        name=item.name,
        brand=item.brand,
        category=Category(item.category),
        description=item.description,
        effects=tuple(map(Effect, item.effects)),
        flavours=tuple(map(Flavour, item.flavours)),
        cbd_mg=item.cbd_mg,
        thc_mg=item.thc_mg,
        price=Money(item.price_cents),
        quantity=item.stock,
        available=item.is_sold,
        updated_at=updated_at,
        attributes={
            "cost_cents": item.cost_cents,
            "lead_time_days": item.lead_time_days,
            **({"gift": True} if item.id == GIFT else {}),
        },
        min_tier=EXCLUSIVE.get(item.id),
        released_at=updated_at + SOON if item.id == NEW else None,
    )


def _announce(shop: Shop, services: ShopServices, plan: RafflePlan) -> None:
    raffle = Raffle(
        id=plan.id,
        title=plan.title,
        prize=plan.prize,
        ticket_price=Money(plan.ticket_cents),
        max_tickets=plan.max_tickets,
        per_customer_limit=plan.per_customer,
        minimum_age=21,
        opens_at=moment(shop.config, plan.opens),
        closes_at=moment(shop.config, plan.closes),
        status=RaffleStatus.OPEN,
        sold=0,
    )
    services.clock.now = raffle.opens_at
    with services.ledger.transaction() as connection:
        if raffle_store.find(connection, plan.id) is None:
            raffle_store.add(connection, raffle, created_at=raffle.opens_at)
            services.outbox.publish(_row(raffle), event_id=f"evt_raffles_{raffle.id}")


def _row(raffle: Raffle) -> RaffleRow:
    return raffle_row(raffle, created_at=raffle.opens_at, at=raffle.opens_at)


def _settle(shop: Shop, services: ShopServices, regular: Regular) -> None:
    services.clock.now = shop.config.ends_at - timedelta(days=regulars.KNOWN_FOR_DAYS)
    person = NewCustomer(regular.name, regular.email, phone=regular.phone, state="TX")
    register(services, person, customer_id=regular.id)
    if regular.card is not None:
        services.payments.cards.add(regular.id, nonce=f"{regular.card}.{regular.id}")
    if regular.is_verified:
        form = AgeSubmission(regular.name, date_of_birth=regulars.BORN, state="TX", id_last4="0000")
        services.ages.verify(regular.id, form)
    if regular.tier is not None:
        services.clock.now = shop.config.ends_at - timedelta(days=regulars.MEMBER_FOR_DAYS)
        services.memberships.subscribe(
            regular.id, tier=Tier(regular.tier), key=f"demo-membership-{regular.id}"
        )


def _arrange_payments(shop: Shop, services: ShopServices) -> None:
    """The months to come are charged by the gateway."""
    services.clock.now = shop.config.ends_at
    with services.ledger.transaction() as connection:
        active = membership_store.active(connection)
    for membership_id in active:
        services.billing.align(membership_id, key=f"demo-{membership_id}")


def _dana(shop: Shop, services: ShopServices) -> None:
    liked = regulars.favourites(shop.items)
    for number, (days_ago, words) in enumerate(
        zip(regulars.PURCHASED_DAYS_AGO, regulars.BASKETS, strict=True), start=1
    ):
        services.clock.now = shop.config.ends_at - timedelta(days=days_ago, hours=5)
        items = [liked[word] for word in words]
        cents = sum(item.price_cents for item in items)
        order_id = f"ord_{DANA.id}_{number}"
        purchase(services, DANA.id, order_id, items=items, cents=cents)
        _keep_order(services, order_id, items)
    said = _dana_said(shop, liked)
    services.memory.learn_all(said)
    for kind, value, turn in regulars.FACTS:
        services.clock.now = said[turn].at
        services.memory.remember(DANA.id, kind, value, source=said[turn].id)


def _keep_order(services: ShopServices, order_id: str, items: Sequence[Item]) -> None:
    """Dana's purchase at the counter, in the shop's own books as well."""
    now, nothing = services.clock(), Money(0)
    lines = tuple(
        Line(item.id, item.sku, item.name, 1, Money(item.price_cents), discount=nothing, tax=nothing)
        for item in items
    )
    order = Order(
        id=order_id,
        key=order_id,
        customer_id=DANA.id,
        status=OrderStatus.PAID,
        state="TX",
        percent=0,
        lines=lines,
        totals=Totals(Money(sum(item.price_cents for item in items)), nothing, nothing),
        card_last_four="1111",
        source="store",
        from_cart=False,
        created_at=now,
        updated_at=now,
    )
    with services.ledger.transaction() as connection:
        if checkout_store.find(connection, order_id) is None:
            checkout_store.add(connection, order)
            services.outbox.publish(order_row(order), customer_id=DANA.id)


def _dana_said(shop: Shop, liked: Mapping[str, Item]) -> list[Interaction]:
    names = {word: item.short_name for word, item in liked.items()}
    return [
        Interaction(
            id=f"trn_{DANA.id}_{talk}_{turn}",
            customer_id=DANA.id,
            thread_id=f"thr_{DANA.id}_{talk}",
            channel="chat",
            at=shop.config.ends_at - timedelta(days=days_ago, hours=4, minutes=-2 * turn),
            message=message.format_map(names),
            response=response.format_map(names),
        )
        for talk, (days_ago, turns) in enumerate(
            zip(regulars.TALKED_DAYS_AGO, regulars.TALKS, strict=True), start=1
        )
        for turn, (message, response) in enumerate(turns, start=1)
    ]
