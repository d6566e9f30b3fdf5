"""The shop's own words: what things are called, and which words mean which choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.models.offline import lexicon
from commerce.memberships.models import PLANS

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


@dataclass(frozen=True)
class Mention:
    """A choice or a named thing, and the words `start` to `end` that say it."""

    value: str
    start: int
    end: int


class Choices:
    """Finds the choices of arguments in a customer's words."""

    def __init__(self, synonyms: Mapping[str, Sequence[str]] | None = None) -> None:
        self._synonyms = dict(synonyms if synonyms is not None else _customers_words())
        self._phrases: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}

    @cached_property
    def words(self) -> frozenset[str]:
        phrases = [*self._synonyms, *(p for ps in self._synonyms.values() for p in ps)]
        return frozenset(word for phrase in phrases for word in phrase.replace("-", " ").split())

    @cached_property
    def nouns(self) -> frozenset[str]:
        """Those that mean a choice by themselves."""
        phrases = [*self._synonyms, *(p for ps in self._synonyms.values() for p in ps)]
        return frozenset(phrase for phrase in phrases if phrase.isalpha())

    def mentions(self, words: Sequence[str], *, among: Sequence[str]) -> list[Mention]:
        """In the order said; of phrases that overlap, the longest."""
        phrases = self._of(tuple(among))
        longest = max(map(len, phrases), default=0)
        found: list[Mention] = []
        at = 0
        while at < len(words):
            for length in range(min(longest, len(words) - at), 0, -1):
                value = phrases.get(tuple(map(_singly, words[at : at + length])))
                if value is not None:
                    found.append(Mention(value, at, at + length))
                    at += length - 1
                    break
            at += 1
        return found

    def _of(self, among: tuple[str, ...]) -> dict[tuple[str, ...], str]:
        if among not in self._phrases:
            self._phrases[among] = {
                tuple(map(_singly, phrase.replace("-", " ").split())): choice
                for choice in among
                for phrase in (choice.lower().replace("_", " "), *self._synonyms.get(choice.lower(), ()))
            }
        return self._phrases[among]


def _singly(word: str) -> str:
    return word.removesuffix("'s")


def _customers_words() -> dict[str, tuple[str, ...]]:
    """The word list, and tiers by what they take off: "the one with 30 percent off"."""
    said = lexicon.choices()
    for tier, plan in PLANS.items():
        shares = (f"{plan.percent}%", f"{plan.percent} %", f"{plan.percent} percent")
        offers = tuple(f"{share} {what}" for share in shares for what in ("off", "discount"))
        said[tier.lower()] = (*said[tier.lower()], *offers)
    return said
