"""Rank a customer's past turns for a question: meaning and words together, and what stands beside a match.

Word scores are BM25 (Robertson and Zaragoza, 2009). The two signals are added after each is
standardised, which on conversations finds more than reciprocal rank fusion does.
"""

import math
import re
import unicodedata
from collections import defaultdict
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

SATURATION = 1.2
"""BM25's k1: how soon a repeated word stops counting."""
LENGTH_PENALTY = 0.75
"""BM25's b."""
MEANING_SHARE = 0.55
NEIGHBOUR_SHARE = 0.4
"""What a turn gains from the better of the two beside it: an answer holds what its question named."""

WORD = re.compile(r"[^\W_]+")
SUFFIX = re.compile(r"(?<=\w{3})(?:ings?|ies|ied|ed|es|ly|s|y)$")
STOP_WORDS = frozenset(
    """a an and are as at be been but by can could did do does for from had has have he her his how i if in
    is it its just like me my of on or our she so some that the their them then there they this to us was we
    were what when where which who will with would you your""".split()
)


def words_of(text: str) -> list[str]:
    """The words that count, without case and accents."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(
            char for char in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(char)
        )
    return [word for word in WORD.findall(plain) if word not in STOP_WORDS]


@lru_cache(8_192)
def term(word: str) -> str:
    """The word without its ending."""
    return SUFFIX.sub("", word)


def shared(question: str, text: str) -> tuple[str, ...]:
    """The words of the question that stand in the text, in any form."""
    terms = set(map(term, words_of(text)))
    return tuple(dict.fromkeys(word for word in words_of(question) if term(word) in terms))


class WordIndex:
    """Which texts hold which words; texts are known by their position and only ever added."""

    def __init__(self) -> None:
        self._postings: defaultdict[str, list[int]] = defaultdict(list)
        self._lengths: list[int] = []

    def add(self, text: str) -> None:
        words = words_of(text)
        position = len(self._lengths)
        for word in words:
            self._postings[term(word)].append(position)
        self._lengths.append(len(words))

    def scores(self, question: str) -> Scores:
        """BM25 of every text, in the order they were added."""
        total = len(self._lengths)
        scores = np.zeros(total, np.float32)
        lengths = np.array(self._lengths, np.float32)
        relative = lengths / max(float(lengths.mean()), 1.0) if total else lengths
        for each in set(map(term, words_of(question))) & self._postings.keys():
            counts = np.bincount(self._postings[each], minlength=total).astype(np.float32)
            holding = int(np.count_nonzero(counts))
            rarity = math.log(1 + (total - holding + 0.5) / (holding + 0.5))
            resistance = SATURATION * (1 - LENGTH_PENALTY + LENGTH_PENALTY * relative)
            scores += rarity * (SATURATION + 1) * counts / (counts + resistance)
        return scores


def fuse(meaning: Scores, words: Scores) -> Scores:
    """One score a turn, from the cosine and the BM25 score of each, in the order they were said."""
    together: Scores = MEANING_SHARE * _standard(meaning) + (1 - MEANING_SHARE) * _standard(words)
    beside = np.zeros_like(together)
    beside[1:] = np.maximum(beside[1:], together[:-1])
    beside[:-1] = np.maximum(beside[:-1], together[1:])
    return (together + NEIGHBOUR_SHARE * beside).astype(np.float32)


def _standard(scores: Scores) -> Scores:
    spread = float(scores.std())
    standard: Scores = (scores - scores.mean()) / spread if spread > 0 else np.zeros_like(scores)
    return standard
