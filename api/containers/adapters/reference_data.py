"""Whether a customer, product or order exists, as memory asks for it."""

from collections.abc import Collection

from commerce.checkout.models import OrderNotFound
from commerce.checkout.service import Checkout
from commerce.customers.service import Customers
from commerce.inventory.service import Inventory


class ReferenceData:
    def __init__(self, customers: Customers, inventory: Inventory, checkout: Checkout) -> None:
        self._customers = customers
        self._inventory = inventory
        self._checkout = checkout

    def customers(self, ids: Collection[str]) -> set[str]:
        return self._customers.known(ids)

    def products(self, ids: Collection[str]) -> set[str]:
        return set(self._inventory.many(list(ids)))

    def has_order(self, order_id: str) -> bool:
        try:
            self._checkout.find(order_id)
        except OrderNotFound:
            return False
        return True
