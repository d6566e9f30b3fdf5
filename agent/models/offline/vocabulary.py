"""The shop's own words: what things are called, and which words mean which choice."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.models.offline import lexicon
from commerce.inventory.vocabulary import vocabulary
from commerce.memberships.models import PLANS, Tier
from foundation.text.terms import Mention, Terms

PUNCTUATION = frozenset('.,?!;:()\n"')


class Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...

    def is_word(self, text: str) -> bool: ...


@dataclass(frozen=True)
class Named:
    """Something a customer may call by its name; `kind` is that of the slot it fills, such as `product`."""

    kind: str
    id: str
    name: str


class Choices:
    """Finds the choices of arguments in a customer's words."""

    def __init__(self) -> None:
        self.synonyms = _customers_words()
        self._terms: dict[tuple[str, ...], Terms] = {}
        self._shop = vocabulary()

    @cached_property
    def words(self) -> frozenset[str]:
        phrases = [*self.synonyms, *(p for ps in self.synonyms.values() for p in ps)]
        return frozenset(word for phrase in phrases for word in phrase.split())

    @cached_property
    def nouns(self) -> frozenset[str]:
        """Single words for what is sold."""
        phrases = [*self.synonyms, *(p for ps in self.synonyms.values() for p in ps)]
        return self._shop.nouns | {phrase for phrase in phrases if phrase.isalpha()}

    def mentions(self, words: Sequence[str], *, among: Sequence[str]) -> Sequence[Mention]:
        """In the order said; of phrases that overlap, the longest."""
        if self._shop.term_names.issuperset(among):
            return [mention for mention in self._shop.found.find(words) if mention.value in among]
        return self._of(tuple(among)).find(words)

    def _of(self, among: tuple[str, ...]) -> Terms:
        if among not in self._terms:
            self._terms[among] = Terms({choice: self._phrases(choice.lower()) for choice in among})
        return self._terms[among]

    def _phrases(self, choice: str) -> tuple[str, ...]:
        shop = next((term.synonyms for term in self._shop.described if term.name == choice), ())
        return (choice.replace("_", " "), *self.synonyms.get(choice, ()), *shop)


def _customers_words() -> dict[str, tuple[str, ...]]:
    """The word list, and tiers also by what they take off: "the one with 30 percent off"."""
    said = {choice: tuple(p.replace("-", " ") for p in ps) for choice, ps in lexicon.choices().items()}
    for tier, term in vocabulary().of_kind("tier").items():
        percent = PLANS[Tier(tier.upper())].percent
        shares = (f"{percent}%", f"{percent} %", f"{percent} percent")
        offers = tuple(f"{share} {what}" for share in shares for what in ("off", "discount"))
        said[tier] = (*term.synonyms, *offers)
    return said
