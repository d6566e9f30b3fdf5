"""Find products. The catalogue is cached, and checked for its revision at every look."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz
from sqlalchemy import Connection

from commerce.inventory import store
from commerce.inventory.models import Product, ProductNotFound, ProductQuery
from commerce.inventory.ranking import ProductIndex
from foundation.sql import Ledger

NAMED = 0.6
"""How much of the words must be in the name or brand of the product that they name."""


@dataclass(frozen=True)
class Catalogue:
    revision: tuple[int, int]
    products: Mapping[str, Product]
    index: ProductIndex


class Inventory:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._cached: Catalogue | None = None

    def put(self, changed: Iterable[Product]) -> None:
        """Add the products, or bring those that are there up to date."""
        with self._ledger.transaction() as connection:
            store.put(connection, changed)

    def find(self, product_id: str) -> Product:
        with self._ledger.transaction() as connection:
            product = store.find(connection, product_id)
        if product is None:
            raise ProductNotFound(product_id)
        return product

    def search(self, query: ProductQuery) -> list[Product]:
        """The best matches first; none when no product matches, never a guess."""
        catalogue = self._catalogue()
        admitted = [product for product in catalogue.products.values() if query.admits(product)]
        if catalogue.index.is_empty(query.words):
            found = sorted(admitted, key=lambda product: _place(product, query))
            return (found if query.category or query.order != "relevance" else _varied(found))[: query.limit]
        scores = catalogue.index.scores(query.words)
        matching = [product for product in admitted if product.id in scores]
        matching.sort(key=lambda product: _place(product, query, score=scores[product.id]))
        return matching[: query.limit]

    def products(self) -> list[Product]:
        """Everything the shop has ever sold, in stock or not."""
        return list(self._catalogue().products.values())

    def by_name(self, words: str) -> Product:
        """The product with this id or name, in stock or not; of several, the one whose name is nearest."""
        catalogue = self._catalogue()
        if words in catalogue.products:
            return catalogue.products[words]
        shares = catalogue.index.naming(words)
        best = max(shares.values(), default=0.0)
        if best < NAMED:
            raise ProductNotFound(words)
        equals = [catalogue.products[each] for each, share in shares.items() if share == best]
        return max(equals, key=lambda product: fuzz.ratio(words.lower(), product.name.lower()))

    def _catalogue(self) -> Catalogue:
        with self._ledger.at_once() as connection:
            revision = store.revision(connection)
            cached = self._cached
            if cached is None or cached.revision != revision:
                cached = self._cached = _read(connection, revision)
        return cached


def _read(connection: Connection, revision: tuple[int, int]) -> Catalogue:
    products = {product.id: product for product in store.every(connection)}
    return Catalogue(revision, products, ProductIndex(products.values()))


def _place(
    product: Product, query: ProductQuery, *, score: float = 0.0
) -> tuple[float, float, int, int, str]:
    """Smaller comes first: by price when asked, else by the words, the leading effect and the lower price."""
    price = product.price.cents
    asked = {"price_low": price, "price_high": -price, "relevance": 0}[query.order]
    leads = product.effects.index(query.effect) if query.effect else 0
    return asked, -score, leads, price, product.id


def _varied(products: Iterable[Product]) -> list[Product]:
    """The first of every category, then the second of each, in the order given."""
    turns: Counter[str] = Counter()

    def turn(product: Product) -> int:
        turns[product.category] += 1
        return turns[product.category]

    return sorted(products, key=turn)
