"""The shop's catalogue as memory sees it: to search, to know by name, and to recommend from."""

from collections.abc import Callable, Collection, Mapping, Sequence

from commerce.age.service import AgeVerification
from commerce.inventory.models import Product, refusal
from commerce.inventory.service import Inventory
from commerce.inventory.vocabulary import vocabulary
from commerce.memberships.service import Memberships
from foundation.clock import Clock
from memory.ports import NameKind, ShopName, ShopTerms
from memory.predictions.ports import ShopProduct
from memory.retrieval.products import ShelfProduct

NAME_KINDS: Sequence[NameKind] = ("category", "effect", "flavour")


class CatalogueTexts:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def revision(self) -> object:
        return self._inventory.catalogue().revision

    def products(self) -> Sequence[ShelfProduct]:
        return [_shown(product) for product in self._inventory.products()]

    def worded(self, text: str) -> Mapping[str, float]:
        return self._inventory.catalogue().index.scores(text)


class CatalogueNames:
    """What the shop's things are called."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def revision(self) -> object:
        return self._inventory.catalogue().revision

    def names(self) -> Sequence[ShopName]:
        return [
            *(ShopName("product", each.id, each.name) for each in self._inventory.products()),
            *term_names(),
        ]


def term_names() -> list[ShopName]:
    """The shop's terms, by whatever customers call them."""
    return [
        ShopName(kind, term.name, term.name, term.synonyms)
        for kind in NAME_KINDS
        for term in vocabulary().of_kind(kind).values()
    ]


def shop_terms() -> ShopTerms:
    """What memory needs to know of the shop's terms beside their names."""
    kinds = {name: kind for kind in NAME_KINDS for name in vocabulary().of_kind(kind)}
    return ShopTerms(kinds, vocabulary().topics)


class RecommendableCatalog:
    """The products that may be recommended to a customer."""

    def __init__(
        self,
        inventory: Inventory,
        memberships: Memberships,
        ages: AgeVerification,
        allergies: Callable[[str], Collection[str]],
        *,
        now: Clock,
    ) -> None:
        """allergies: what a customer says that they are allergic to."""
        self._inventory = inventory
        self._memberships = memberships
        self._ages = ages
        self._allergies = allergies
        self._now = now
        self._held: tuple[object, Sequence[ShopProduct]] | None = None

    def products(self) -> Sequence[ShopProduct]:
        """Made anew when the catalogue has changed."""
        catalogue, held = self._inventory.catalogue(), self._held
        if held is None or held[0] != catalogue.revision:
            held = catalogue.revision, [_sold(each) for each in catalogue.products.values()]
            self._held = held
        return held[1]

    def offered_to(self, customer_id: str) -> Collection[str]:
        """Nothing to somebody whose age is not proven: nothing could be sold to them."""
        proof, now = self._ages.status(customer_id), self._now()
        if proof is None or not proof.is_usable(now):
            return frozenset()
        tier, harmful = self._memberships.entitlements(customer_id).tier, set(self._allergies(customer_id))
        return frozenset(
            each.id
            for each in self._inventory.products()
            if each.in_stock
            and refusal(each, tier=tier, at=now) is None
            and harmful.isdisjoint(map(str, each.flavours))
        )


def _sold(product: Product) -> ShopProduct:
    return ShopProduct(product.id, product.name, frozenset(map(str, (*product.effects, *product.flavours))))


def _shown(product: Product) -> ShelfProduct:
    told = (product.name, product.category, *product.effects, *product.flavours, product.description)
    text = ". ".join(str(each) for each in told if each)
    return ShelfProduct(
        product.id,
        product.name,
        text,
        product.price.cents,
        is_available=product.in_stock,
        category=product.category,
    )
