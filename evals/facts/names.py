"""The demo shop's names, as memory's port has them."""

from collections.abc import Sequence

from demo.generator.catalogue import products
from memory.ports import NameKind, ShopName
from memory.vocabulary import CATEGORIES, EFFECTS, FLAVOURS

SEED = 7


class DemoCatalogue:
    def __init__(self) -> None:
        terms: list[tuple[NameKind, Sequence[str]]] = [
            ("category", tuple(CATEGORIES)),
            ("effect", tuple(EFFECTS)),
            ("flavour", tuple(FLAVOURS)),
        ]
        self._names = [ShopName(kind, term, term) for kind, several in terms for term in several]
        self._names += [ShopName("product", item.id, item.name) for item in products(SEED)]

    def revision(self) -> object:
        return SEED

    def names(self) -> Sequence[ShopName]:
        return self._names
