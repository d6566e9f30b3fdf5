"""Find products by what somebody wants of them: meaning and words together, within a price, in stock.

"Something for sleep, not too sweet, under 40" asks for one thing, keeps away from another and sets a bound.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from foundation.text.bounds import ABOVE, AROUND, BELOW, DOLLARS, FILLERS
from foundation.text.language import ENGLISH
from foundation.text.negation import NEGATIONS, QUALIFIERS, is_negated
from foundation.text.numbers import Amount, amounts, bounds
from foundation.text.reader import TextReader
from memory.embeddings import DIMENSIONS, Encoder, Vectors
from memory.retrieval.bm25 import Scores, shared, shares, terms_of, words_of

MEANING_SHARE = 0.5
AVOIDED_SHARE = 0.5
"""How much it tells against a product that it is like what somebody does not want."""
CLOSE = 0.25
"""Cosine from which a product may be what was meant, though no word of it was said."""
CANDIDATES = 60
"""Among how many of the best the ones to show are chosen."""
RELEVANCE_SHARE = 0.6
"""Lambda of maximal marginal relevance: what fitting the question counts beside differing from the others."""
LONGEST_QUESTION = 500

BOUNDING = BELOW | ABOVE | AROUND | FILLERS | DOLLARS | {"up", "to", "between", "from", "not", "no", "$"}
"""Words that belong to an amount, where they stand beside it."""
CLOSING = DOLLARS | {"or", "less", "more", "under", "over", "tops", "max", "maximum"}
ENDS = frozenset(", . ; : ! ? and but or than for of in with it is are that at".split())
"""Words that say nothing where what is wanted ends with them."""
CENTS = 100


@dataclass(frozen=True)
class ShelfProduct:
    id: str
    name: str
    text: str
    """Name, category, effects, flavours, description: what it can be found by."""
    price_cents: int
    is_available: bool = True
    category: str = ""


class ProductShelf(Protocol):
    """The shop's catalogue, as memory sees it."""

    def revision(self) -> object:
        """Another one whenever a product has changed in more than its stock."""

    def products(self) -> Sequence[ShelfProduct]:
        """All of them, as they are now."""

    def worded(self, text: str) -> Mapping[str, float]:
        """How well each product that shares words with the text fits it, by id."""


@dataclass(frozen=True)
class Wish:
    wanted: str
    avoided: tuple[str, ...] = ()
    least_cents: int | None = None
    most_cents: int | None = None

    def admits(self, product: ShelfProduct) -> bool:
        is_dear = self.most_cents is not None and product.price_cents > self.most_cents
        is_cheap = self.least_cents is not None and product.price_cents < self.least_cents
        return product.is_available and not is_dear and not is_cheap


@dataclass(frozen=True)
class ProductMatch:
    product: ShelfProduct
    score: float
    meaning: float
    """Cosine between what is wanted and the product."""
    why: str


@dataclass(frozen=True)
class _Vectors:
    revision: object
    rows: Mapping[str, int]
    matrix: Vectors
    reader: TextReader
    """Knows the products by their names."""


class ProductSearch:
    def __init__(self, shelf: ProductShelf, embedder: Encoder, reader: Callable[[], TextReader]) -> None:
        self._reader = reader
        self._shelf = shelf
        self._embedder = embedder
        self._lock = threading.Lock()
        self._held: _Vectors | None = None

    def search(self, question: str, *, limit: int = 5) -> list[ProductMatch]:
        """The best first; none when nothing in stock is what was asked for."""
        held = self._current()
        wish = understood(question[:LONGEST_QUESTION], held.reader)
        admitted = [each for each in self._shelf.products() if each.id in held.rows and wish.admits(each)]
        if not admitted or not wish.wanted:
            return []
        wanted, *avoided = self._embedder.encode([wish.wanted, *wish.avoided])
        rows = held.matrix[[held.rows[each.id] for each in admitted]]
        meaning, worded = rows @ wanted, self._worded(wish.wanted, admitted)
        scores = MEANING_SHARE * shares(meaning) + (1 - MEANING_SHARE) * shares(worded)
        for vector, words in zip(avoided, wish.avoided, strict=True):
            against = MEANING_SHARE * shares(rows @ vector) + (1 - MEANING_SHARE) * shares(
                self._worded(words, admitted)
            )
            scores = scores - AVOIDED_SHARE * against
        order = np.argsort(-scores, kind="stable")
        fits = [int(at) for at in order if meaning[at] >= CLOSE or worded[at] > 0]
        asked = words_of(wish.wanted)
        named = [at for at in fits if _stands_in(words_of(admitted[at].name.split(",")[0]), asked)]
        others = [at for at in fits if at not in named]
        if not any(_is_of_kind(each, wish.wanted) for each in admitted):
            kinds = np.array([each.category for each in admitted])
            others = _diverse(others, scores, rows, kinds, limit=limit)
        return [
            ProductMatch(
                admitted[at],
                float(scores[at]),
                float(meaning[at]),
                "names it" if worded[at] > 0 else "close in meaning",
            )
            for at in [*named, *others][:limit]
        ]

    def _worded(self, text: str, products: Sequence[ShelfProduct]) -> Vectors:
        scores = self._shelf.worded(text)
        return np.array([scores.get(each.id, 0.0) for each in products], np.float32)

    def _current(self) -> _Vectors:
        revision = self._shelf.revision()
        with self._lock:
            if self._held is None or self._held.revision != revision:
                self._held = self._read(revision)
            return self._held

    def _read(self, revision: object) -> _Vectors:
        products = self._shelf.products()
        texts = [each.text for each in products]
        matrix = self._embedder.encode(texts) if texts else np.empty((0, DIMENSIONS), np.float32)
        reader = self._reader().naming(each.name for each in products)
        return _Vectors(revision, {each.id: row for row, each in enumerate(products)}, matrix, reader)


def _stands_in(name: Sequence[str], asked: Sequence[str]) -> bool:
    """Whether the words asked for hold the whole name, in its order."""
    starts = range(len(asked) - len(name) + 1)
    return bool(name) and any(asked[at : at + len(name)] == name for at in starts)


def _is_of_kind(product: ShelfProduct, wanted: str) -> bool:
    """Whether its category, or what its name ends in, is what is asked for: "gummies for sleep"."""
    form = product.name.split(",")[0].rpartition(" ")[2]
    return bool(shared(wanted, terms_of(f"{product.category} {form}")))


def _diverse(
    places: Sequence[int], scores: Scores, vectors: Vectors, kinds: NDArray[np.str_], *, limit: int
) -> list[int]:
    """The first of them by maximal marginal relevance (Carbonell and Goldstein, 1998).

    Products are alike as they are close in meaning, and wholly where they are of one kind.
    """
    left = np.array(places[:CANDIDATES], dtype=np.intp)
    likeness = np.zeros(len(left), np.float32)
    chosen: list[int] = []
    while len(left) and len(chosen) < limit:
        best = int(np.argmax(RELEVANCE_SHARE * scores[left] - (1 - RELEVANCE_SHARE) * likeness))
        chosen.append(int(left[best]))
        alike = np.where(kinds[left] == kinds[chosen[-1]], 1.0, vectors[left] @ vectors[chosen[-1]])
        likeness = np.maximum(likeness, alike)
        left, likeness = np.delete(left, best), np.delete(likeness, best)
    return chosen


def understood(question: str, reader: TextReader) -> Wish:
    """What is wanted, what is not, and between which prices."""
    words = reader.read(question).words
    found = amounts(words)
    least, most = bounds(found)
    priced = _priced(words, found)
    refused = {at for at in range(len(words)) if at not in priced and is_negated(words, at)}
    wanted = [
        word
        for at, word in enumerate(words)
        if at not in priced | refused and not (word in NEGATIONS and {at + 1, at + 2} & refused)
    ]
    return Wish(_trimmed(wanted), tuple(_avoided(words, refused)), _cents(least), _cents(most))


def _priced(words: Sequence[str], found: Sequence[Amount]) -> set[int]:
    """The places of amounts, with the words that bound them."""
    places: set[int] = set()
    for amount in found:
        start, end = amount.start, amount.end
        while start > 0 and words[start - 1] in BOUNDING:
            start -= 1
        while end < len(words) and words[end] in CLOSING:
            end += 1
        places |= set(range(start, end))
    return places


def _avoided(words: Sequence[str], refused: Set[int]) -> Iterator[str]:
    """What is refused, phrase by phrase."""
    for _, run in groupby(sorted(refused), key=lambda at: at - sum(each < at for each in refused)):
        said = [words[at] for at in run if words[at] not in ENGLISH | QUALIFIERS and words[at].isalnum()]
        if said:
            yield " ".join(said)


def _trimmed(words: Sequence[str]) -> str:
    kept = list(words)
    while kept and kept[-1] in ENDS:
        kept.pop()
    while kept and kept[0] in (",", "."):
        kept.pop(0)
    return " ".join(kept).replace(" ,", ",")


def _cents(dollars: Decimal | None) -> int | None:
    return None if dollars is None else int(CENTS * dollars)
