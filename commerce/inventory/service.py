"""Find products, and keep their stock. The catalogue is cached, and checked for its age at every look.

Stock is reserved before a card is charged and deducted when the purchase is booked. Rows are locked
only while they are counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rapidfuzz import fuzz
from sqlalchemy import Connection

from commerce.inventory import store
from commerce.inventory.models import OutOfStock, Product, ProductNotFound, ProductQuery, Wanted
from commerce.inventory.ranking import ProductIndex
from foundation.sql import Ledger

NAMED = 0.6
"""How much of the words must be in the name or brand of the product that they name."""


@dataclass(frozen=True)
class Catalogue:
    revision: tuple[int, int]
    moves: int
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

    def many(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Those of them that there are, as they are now."""
        with self._ledger.autocommit() as connection:
            return store.many(connection, product_ids)

    def reserve(self, wanted: Sequence[Wanted], *, key: str, until: datetime) -> None:
        """Keep these pieces for a purchase: all of them, or none and a refusal that names what is missing.

        Call it last in a transaction that commits at once: it holds the products' rows.
        """
        quantities = {each.product.id: each.quantity for each in wanted}
        with self._ledger.transaction() as connection:
            reserved = store.reserve(connection, quantities, key=key, until=until)
            for product_id in quantities:
                if product_id not in reserved:
                    raise _missing(store.many(connection, [product_id])[product_id])

    def keep(self, key: str, *, until: datetime) -> None:
        """Let a reservation wait longer."""
        with self._ledger.transaction() as connection:
            store.keep(connection, key, until=until)

    def confirm(self, key: str) -> bool:
        """Deduct what is reserved from the stock; False when the reservation has lapsed.

        Raises:
            OutOfStock: when a count has found less in stock; roll the transaction back then.
        """
        with self._ledger.transaction() as connection:
            left = store.confirm(connection, key)
            missing = [product_id for product_id, quantity in left.items() if quantity < 0]
            if missing:
                raise OutOfStock(store.many(connection, missing)[missing[0]], left=0)
            return bool(left)

    def release(self, key: str) -> bool:
        """Let others have what was reserved."""
        with self._ledger.transaction() as connection:
            return store.release(connection, key)

    def restock(self, quantities: Mapping[str, int]) -> None:
        """Return sold pieces to the stock."""
        with self._ledger.transaction() as connection:
            store.restock(connection, quantities)

    def sweep(self, now: datetime) -> int:
        """Release the reservations that have lapsed; how many there were."""
        with self._ledger.transaction() as connection:
            lapsed = store.lapsed(connection, now)
        return sum(self.release(key) for key in lapsed)

    def search(self, query: ProductQuery) -> list[Product]:
        """The best matches first; none when no product matches, never a guess."""
        catalogue = self.catalogue()
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
        return list(self.catalogue().products.values())

    def by_name(self, words: str) -> Product:
        """The product with this id or name, in stock or not; of several, the one whose name is nearest."""
        catalogue = self.catalogue()
        if words in catalogue.products:
            return catalogue.products[words]
        shares = catalogue.index.naming(words)
        best = max(shares.values(), default=0.0)
        if best < NAMED:
            raise ProductNotFound(words)
        equals = [catalogue.products[each] for each, share in shares.items() if share == best]
        return max(equals, key=lambda product: fuzz.ratio(words.lower(), product.name.lower()))

    def catalogue(self) -> Catalogue:
        """As it is now; another `revision` means that more than stock has changed."""
        with self._ledger.autocommit() as connection:
            revision, moves = store.revision(connection)
            cached = self._cached
            if cached is None or cached.revision != revision:
                cached = _read(connection, revision, moves)
            elif cached.moves != moves:
                cached = _recount(connection, cached, moves)
            self._cached = cached
        return cached


def _missing(product: Product) -> OutOfStock:
    left = max(0, product.quantity - product.reserved) if product.available else 0
    return OutOfStock(product, left=left)


def _read(connection: Connection, revision: tuple[int, int], moves: int) -> Catalogue:
    products = {product.id: product for product in store.every(connection)}
    return Catalogue(revision, moves, products, ProductIndex(products.values()))


def _recount(connection: Connection, known: Catalogue, moves: int) -> Catalogue:
    """The same products with the stock of now; a new one among them is read at the next look."""
    stock = store.stock(connection)
    counted = {
        product.id: replace(product, quantity=stock[product.id][0], reserved=stock[product.id][1])
        for product in known.products.values()
    }
    return replace(known, moves=moves, products=counted)


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
