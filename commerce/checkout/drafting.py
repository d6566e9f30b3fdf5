"""Draft a customer's order: every eligibility check is made here, and every price comes from here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from commerce.age.service import AgeVerification
from commerce.checkout.carts import Carts
from commerce.checkout.models import EmptyCart, Quote, Request, StateMissing, check_quantity, tax_rate
from commerce.checkout.pricing import Item, Priced, price
from commerce.customers.models import state_code
from commerce.customers.service import Customers
from commerce.inventory.models import OutOfStock, ProductNotFound, Wanted, refusal
from commerce.inventory.service import Inventory
from commerce.memberships.benefits import Benefits
from commerce.memberships.models import Entitlements
from commerce.memberships.promotions import Promotion, member_price
from commerce.memberships.service import Memberships
from commerce.payments.models import Card
from commerce.payments.service import Payments
from foundation.clock import Clock
from foundation.money import Money


@dataclass(frozen=True)
class CheckoutServices:
    """The services that an order depends on."""

    customers: Customers
    ages: AgeVerification
    memberships: Memberships
    benefits: Benefits
    inventory: Inventory
    payments: Payments
    carts: Carts


@dataclass(frozen=True)
class Draft:
    """An order that has passed every check and is not placed yet."""

    items: tuple[Item, ...]
    priced: Priced
    entitlements: Entitlements
    state: str
    card: Card

    @property
    def wanted(self) -> list[Wanted]:
        """Pieces of each product; a gift may be of one that is bought as well."""
        pieces: Counter[str] = Counter()
        for item in self.items:
            pieces[item.product.id] += item.quantity
        products = {item.product.id: item.product for item in self.items}
        return [Wanted(products[product_id], quantity) for product_id, quantity in pieces.items()]

    def quote(self) -> Quote:
        lines, totals = self.priced.lines, self.priced.totals
        return Quote(lines, totals, self.entitlements.percent, self.state, self.card.last_four)


class Drafts:
    def __init__(self, services: CheckoutServices, *, tax_rates: Mapping[str, Decimal], now: Clock) -> None:
        self._services = services
        self._tax_rates = tax_rates
        self._now = now

    def draft(self, customer_id: str, request: Request) -> Draft:
        """Raises the refusal of the first check that fails."""
        services, at = self._services, self._now()
        services.ages.require(customer_id)
        state = self._state(customer_id, request)
        rate = tax_rate(state, self._tax_rates)
        entitlements = services.memberships.entitlements(customer_id)
        items = self._items(customer_id, request, at)
        for item in items:
            _check_eligible(item, entitlements, at)
        items = [*self._promoted(items, entitlements, at), *self._gift(entitlements, items)]
        card = services.payments.cards.default(customer_id)
        return Draft(
            tuple(items), price(items, percent=entitlements.percent, tax_rate=rate), entitlements, state, card
        )

    def _state(self, customer_id: str, request: Request) -> str:
        given = request.state or self._services.customers.find(customer_id).state
        if not given:
            raise StateMissing
        return state_code(given)

    def _items(self, customer_id: str, request: Request, at: datetime) -> list[Item]:
        if request.takes_cart:
            lines = self._services.carts.show(customer_id).lines
            if not lines:
                raise EmptyCart
            return [Item(line.product, line.quantity, line.price(at)) for line in lines]
        return self._named(request.items)

    def _named(self, asked: Sequence[tuple[str, int]]) -> list[Item]:
        pieces: Counter[str] = Counter()
        for product_id, quantity in asked:
            check_quantity(quantity)
            pieces[product_id] += quantity
        products = self._services.inventory.many(list(pieces))
        for product_id, quantity in pieces.items():
            check_quantity(quantity)
            if product_id not in products:
                raise ProductNotFound(product_id)
        return [Item(products[each], quantity, products[each].price) for each, quantity in pieces.items()]

    def _promoted(self, items: Sequence[Item], entitlements: Entitlements, at: datetime) -> list[Item]:
        """The better of the membership's discount and a promotion, for each line."""
        promotions = self._services.benefits.promotions() if entitlements.tier else []
        if not promotions:
            return list(items)
        return [replace(item, off=_promotion(item, entitlements, promotions, at)) for item in items]

    def _gift(self, entitlements: Entitlements, items: Sequence[Item]) -> list[Item]:
        """The cheapest gift left beside what is bought; none while there is none, and then it stays due."""
        if not entitlements.gift_due:
            return []
        bought = {item.product.id: item.quantity for item in items}
        gifts = [
            each
            for each in self._services.inventory.products()
            if each.is_gift and each.available and each.free > bought.get(each.id, 0)
        ]
        chosen = min(gifts, key=lambda product: (product.price.cents, product.id), default=None)
        return [] if chosen is None else [Item(chosen, 1, chosen.price, is_gift=True)]


def _check_eligible(item: Item, entitlements: Entitlements, at: datetime) -> None:
    product = item.product
    obstacle = refusal(product, tier=entitlements.tier, at=at)
    if obstacle is not None:
        raise obstacle
    free = product.free if product.available else 0
    if free < item.quantity:
        raise OutOfStock(product, left=free)


def _promotion(
    item: Item, entitlements: Entitlements, promotions: Sequence[Promotion], at: datetime
) -> Money | None:
    """What a promotion takes off each piece, when that is more than the membership's discount."""
    product = item.product
    best = member_price(
        item.price,
        entitlements=entitlements,
        product_id=product.id,
        category=product.category,
        promotions=promotions,
        at=at,
    )
    return best.saved if best.promotion_id else None
