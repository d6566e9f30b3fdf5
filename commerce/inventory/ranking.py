"""Which products a customer's words mean: lexical ranking that forgives typing errors."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz, process

from commerce.inventory.models import Product
from commerce.inventory.vocabulary import WORD, vocabulary
from foundation.text.normalise import plain, singular

NAME, DESCRIBED, TOLD = 3.0, 2.0, 1.0
"""What a word weighs in the name or brand; as category, effect or flavour; in the description."""
STRAY = 0.5
"""The share of the best score below which a match is taken for an accident."""
SAME = 84.0
"""The least likeness, of 100, of a mistyped word to the one it means."""
SHORTEST_MISTYPED = 4
SAID_ANYWAY = (
    "a an and any anything are at be can could do does dollar dollars find for from get give good got "
    "had has have help hemp hi how i if in is it item items like looking me more most my need not of "
    "on one or our please product products really recommend recommendation show so some something "
    "stuff suggest than that the them then there thing things this to too try under us very want was "
    "we what whats which with would you your"
)
NOISE = frozenset(SAID_ANYWAY.split())
"""The words of a request that name nothing."""
PREFIX_WORTH = SPOKEN_WORTH = 0.8


class ProductIndex:
    """The words of a catalogue, each weighed by its place and its rarity."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._weights = {product.id: _weights(product) for product in products}
        self._names = {
            each: {word: 1.0 for word, weight in weights.items() if weight == NAME}
            for each, weights in self._weights.items()
        }
        spread = Counter(word for weights in self._weights.values() for word in weights)
        count = len(self._weights)
        self._unheard = math.log(1 + count)
        self._rarity = {word: math.log(1 + count / held) for word, held in spread.items()}

    def scores(self, text: str) -> dict[str, float]:
        """A score for each product that the text speaks of; without those far behind the best."""
        asked = self._asked(text)
        scored = {each: _sum(asked, weights) for each, weights in self._weights.items()}
        least = STRAY * max(scored.values(), default=0.0)
        return {each: score for each, score in scored.items() if score and score >= least}

    def naming(self, text: str) -> dict[str, float]:
        """How much of the text, by the rarity of its words, each product has in its name or brand: 0 to 1."""
        asked = self._asked(text)
        whole = sum(max(meant.values(), default=self._unheard) for meant in asked)
        return {each: _sum(asked, names) / whole for each, names in self._names.items()} if whole else {}

    def is_empty(self, text: str) -> bool:
        """Whether the text says nothing that could narrow a search."""
        return all(word in NOISE for word in words_of(text))

    def _asked(self, text: str) -> list[Mapping[str, float]]:
        return [self._meant(word) for word in words_of(text) if word not in NOISE]

    def _meant(self, word: str) -> Mapping[str, float]:
        """The catalogue's words that this one may stand for, and what each is worth."""
        forms = (word, singular(word))
        meanings = vocabulary().meanings
        spoken = {meanings[form]: SPOKEN_WORTH for form in forms if form in meanings}
        return self._worth(spoken | dict.fromkeys(forms, 1.0)) or self._longer(word) or self._resembling(word)

    def _longer(self, word: str) -> Mapping[str, float]:
        if len(word) < SHORTEST_MISTYPED:
            return {}
        return self._worth({known: PREFIX_WORTH for known in self._rarity if known.startswith(word)})

    def _resembling(self, word: str) -> Mapping[str, float]:
        if len(word) < SHORTEST_MISTYPED:
            return {}
        meanings = vocabulary().meanings
        known = [*self._rarity, *meanings]
        matches = process.extract(word, known, scorer=fuzz.ratio, score_cutoff=SAME, limit=3)
        return self._worth({meanings.get(match, match): likeness / 100 for match, likeness, _ in matches})

    def _worth(self, meant: Mapping[str, float]) -> Mapping[str, float]:
        return {word: worth * self._rarity[word] for word, worth in meant.items() if word in self._rarity}


def _sum(asked: Iterable[Mapping[str, float]], weights: Mapping[str, float]) -> float:
    """The best of what each word may mean, added up."""
    return sum(
        max((worth * weights.get(word, 0.0) for word, worth in meant.items()), default=0.0) for meant in asked
    )


def _weights(product: Product) -> dict[str, float]:
    weighed = (
        (TOLD, product.description),
        (DESCRIBED, " ".join((product.category, *product.effects, *product.flavours))),
        (NAME, f"{product.brand} {product.name}"),
    )
    return {singular(word): weight for weight, text in weighed for word in words_of(text)}


def words_of(text: str) -> list[str]:
    return WORD.findall(plain(text))
