"""The demo shop's names, as memory's port has them."""

from collections.abc import Sequence

from api.containers.adapters.catalogue import term_names
from demo.generator.catalogue import products
from memory.ports import ShopName

SEED = 7


class DemoCatalogue:
    def __init__(self) -> None:
        self._names = term_names()
        self._names += [ShopName("product", item.id, item.name) for item in products(SEED)]

    def revision(self) -> object:
        return SEED

    def names(self) -> Sequence[ShopName]:
        return self._names
