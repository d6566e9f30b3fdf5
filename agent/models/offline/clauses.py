"""Cut a message into the clauses that may each hold a wish, and tell what kind of clause one is."""

import itertools
from collections.abc import Sequence

from agent.models.offline import lexicon

Clause = tuple[str, ...]

ENDS = {".", "?", "!", ";", "\n"}
JOINTS = {",", "and", "&", "plus", "then", "also", "but", ":", "+", "so", "or"}
ARTICLES = {"a", "some", "any"}
REQUESTS = {
    ("how", "do"),
    ("how", "can"),
    ("how", "about"),
    ("what", "about"),
    ("what", "if"),
    ("how", "would"),
}
CUE_PAIRS = {
    ("make", "it"), ("make", "that"), ("make", "them"), ("what", "about"), ("how", "about"), ("what", "if"),
    ("let", "us"), ("change", "it"), ("change", "that"), ("switch", "to"), ("same", "but"), ("but", "in"),
    ("but", "for"), ("but", "with"), ("but", "nothing"), ("but", "no"), ("but", "not"), ("go", "with"),
    ("second", "thought"), ("never", "mind"), ("i", "said"), ("my", "mind"), ("or", "maybe"), ("try", "it"),
    ("hold", "on"),
}  # fmt: skip
WORDS = lexicon.words()
LONGEST_PLAIN = 5
"""Letters of a word such as "drier", up to which an ending in "ier" compares nothing."""


def split(words: Sequence[str], *, nouns: frozenset[str] = frozenset()) -> list[Clause]:
    """The clauses in their order, without the punctuation and the small words that joined them.

    nouns: what is sold; "vapes under 30, balms under 20" are two wishes.
    """
    clauses: list[Clause] = []
    start = 0
    for at, word in enumerate(words):
        if word in ENDS or (word in JOINTS and _is_joint(words, start, at, nouns)):
            clauses.append(tuple(words[start:at]))
            start = at + 1
    clauses.append(tuple(words[start:]))
    return [clause for clause in map(_trimmed, clauses) if clause]


def begins_wish(words: Sequence[str]) -> bool:
    """Whether a clause of its own could start here."""
    said = _without(words, WORDS["fillers"] | JOINTS)
    if not said or said[0] not in WORDS["heads"]:
        return False
    if said[0] in WORDS["subjects"] and "been" in said[1:4]:
        return False
    return said[0] not in WORDS["subjects"] or bool(WORDS["wishing"] & set(said[1:3]))


def asks(words: Sequence[str]) -> bool:
    """A question about how things are, such as "what would gold get me"; not "how do I join"."""
    opening = tuple(_without(words, WORDS["fillers"])[:2])
    return bool(opening) and opening[0] in WORDS["asking"] and opening not in REQUESTS


def is_cued(words: Sequence[str]) -> bool:
    """Whether a message opens or goes on as a change to what went before."""
    plain = [word for word in words if word.isalnum()]
    pairs = set(itertools.pairwise(plain))
    cued = WORDS["cues"] & set(plain) or CUE_PAIRS & pairs or any(map(_compares, plain))
    return bool(cued) or (plain[:1] != [] and plain[0] in WORDS["openers"])


def remainder(words: Sequence[str], covered: set[int]) -> list[str]:
    """The words of a clause that say something the covered ones do not."""
    silent = WORDS["empty"] | WORDS["cues"]
    return [
        word
        for at, word in enumerate(words)
        if at not in covered and word not in silent and word.isalnum() and not word.isdigit()
    ]


def _is_joint(words: Sequence[str], start: int, at: int, nouns: frozenset[str]) -> bool:
    before, after = words[start:at], words[at + 1 :]
    is_range = "between" in before[-2:]
    is_number = len(before) == 1 and before[0] in WORDS["order"]
    return (
        bool(before)
        and not is_range
        and not is_number
        and (begins_wish(after) or _is_repeated(before, after, nouns))
    )


def _is_repeated(before: Sequence[str], after: Sequence[str], nouns: frozenset[str]) -> bool:
    """The same pattern again: "vapes under 30, balms under 20", "sleep gummies and a vape for focus"."""
    if not after:
        return False
    both_numbered = all(any(word.strip("$").isdigit() for word in part) for part in (before, after))
    if after[0].isdigit():
        counted = WORDS["counted"]
        return (
            both_numbered and after[1:2] != () and bool(counted & set(after[1:2]) and counted & set(before))
        )
    thing = after[1:] if after[0] in ARTICLES else after
    if thing[:1] and thing[0] in nouns and thing[1:2] in (["for"], ("for",)) and len(nouns & set(before)) > 1:
        return True
    if after[0] in ARTICLES and thing[:1] and thing[0] in nouns:
        return "for" in before or any(word.strip("$").isdigit() for word in before)
    return after[0] in nouns and (both_numbered or all("for" in part for part in (before, after)))


def _without(words: Sequence[str], leading: frozenset[str] | set[str]) -> Sequence[str]:
    at = 0
    while at < len(words) and words[at] in leading:
        at += 1
    return words[at:]


def _compares(word: str) -> bool:
    return len(word) > LONGEST_PLAIN and word.endswith("ier")


def _trimmed(clause: Clause) -> Clause:
    words = list(clause)
    if words[1:2] == [","] and words[0] in WORDS["order"]:
        words = words[2:]
    while words and words[0] in JOINTS:
        words.pop(0)
    while words and words[-1] in JOINTS - {"so"}:
        words.pop()
    return tuple(words)
