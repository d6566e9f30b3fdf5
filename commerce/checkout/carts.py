"""What somebody means to buy. The price of a product is locked when it is put in the cart."""

from collections.abc import Sequence
from datetime import timedelta

from commerce.checkout import store
from commerce.checkout.models import (
    MOST_LINES,
    PRICE_LOCKED,
    Cart,
    CartFull,
    CartLine,
    NotInCart,
    check_quantity,
)
from commerce.inventory.models import OutOfStock, Product, refusal
from commerce.inventory.service import Inventory
from commerce.memberships.service import Memberships
from foundation.clock import Clock
from foundation.money import Money
from foundation.sql import Ledger


class Carts:
    """A cart belongs to a customer or to a guest: whoever the caller is."""

    def __init__(self, ledger: Ledger, inventory: Inventory, memberships: Memberships, *, now: Clock) -> None:
        self._ledger = ledger
        self._inventory = inventory
        self._memberships = memberships
        self._now = now

    def show(self, owner_id: str) -> Cart:
        """With each product as it is now."""
        with self._ledger.autocommit() as connection:
            rows = store.cart(connection, owner_id)
            products = self._inventory.many([row["product_id"] for row in rows]) if rows else {}
        lines = [
            CartLine(
                product=products[row["product_id"]],
                quantity=row["quantity"],
                locked=Money(row["price_cents"], row["currency"]),
                locked_until=row["locked_until"],
            )
            for row in rows
        ]
        return Cart(owner_id, lines, self._now())

    def add(self, owner_id: str, *, product_id: str, quantity: int) -> Cart:
        """So many more of the product; the price of all of them is locked anew."""
        check_quantity(quantity)
        product = self._inventory.find(product_id)
        with self._ledger.transaction() as connection:
            cart = self.show(owner_id)
            had = next((line.quantity for line in cart.lines if line.product.id == product_id), 0)
            check_quantity(had + quantity)
            if not had and len(cart.lines) >= MOST_LINES:
                raise CartFull
            self._check(owner_id, product, had + quantity)
            now = self._now()
            row = {
                "owner_id": owner_id,
                "product_id": product_id,
                "quantity": quantity,
                "price_cents": product.price.cents,
                "currency": product.price.currency,
                "locked_until": now + PRICE_LOCKED,
                "added_at": now,
            }
            store.put_in_cart(connection, row)
            return self.show(owner_id)

    def put(self, owner_id: str, *, product_id: str, quantity: int) -> Cart:
        """So many of the product in all, whether or not it was there before."""
        with self._ledger.transaction():
            is_there = any(line.product.id == product_id for line in self.show(owner_id).lines)
            return (self.change if is_there else self.add)(owner_id, product_id=product_id, quantity=quantity)

    def change(self, owner_id: str, *, product_id: str, quantity: int) -> Cart:
        """So many of the product, at the price that is locked."""
        check_quantity(quantity)
        self._check(owner_id, self._inventory.find(product_id), quantity)
        with self._ledger.transaction() as connection:
            if not store.change_cart(connection, owner_id, product_id, quantity=quantity):
                raise NotInCart
            return self.show(owner_id)

    def remove(self, owner_id: str, *, product_id: str) -> Cart:
        with self._ledger.transaction() as connection:
            if not store.remove_from_cart(connection, owner_id, product_id):
                raise NotInCart
            return self.show(owner_id)

    def take(self, owner_id: str, product_ids: Sequence[str]) -> None:
        """Take out what was bought; what was put in meanwhile stays."""
        with self._ledger.transaction() as connection:
            store.take_from_cart(connection, owner_id, product_ids)

    def adopt(self, guest_id: str, customer_id: str) -> int:
        """Give the guest's cart to the customer they turned out to be; how many lines that were."""
        with self._ledger.transaction() as connection:
            return store.merge_cart(connection, guest_id, customer_id)

    def prune(self, *, keep: timedelta) -> int:
        """Drop what was put in a cart longer ago than that."""
        with self._ledger.transaction() as connection:
            return store.prune_carts(connection, before=self._now() - keep)

    def _check(self, owner_id: str, product: Product, quantity: int) -> None:
        tier = self._memberships.entitlements(owner_id).tier
        obstacle = refusal(product, tier=tier, at=self._now())
        if obstacle is not None:
            raise obstacle
        free = product.free if product.available else 0
        if free < quantity:
            raise OutOfStock(product, left=free)
