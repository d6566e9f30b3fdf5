"""Whether a word is refused by the words around it: "nothing sweet", "not gold"; but not "no, silver"."""

from collections.abc import Sequence

from agent.models.offline import lexicon

WORDS = lexicon.words()
REACH = 5
"""How many words after a negation it still holds for."""
UNABLE = {("can", "not"), ("could", "not"), ("can", "never"), ("could", "never")}
NO_REFUSAL = {
    ("not", "only"), ("no", "problem"), ("not", "break"), ("not", "been"), ("not", "sleep"),
    ("not", "sleeping"), ("no", "sleep"), ("no", "energy"), ("no", "focus"),
    ("not", "relax"), ("not", "concentrate"), ("not", "feel"), ("not", "stop"), ("not", "had"),
    ("not", "get"), ("not", "getting"), ("not", "slept"), ("never", "tried"), ("not", "sure"),
}  # fmt: skip
"""A lack that the customer would have mended, or no refusal at all."""
REFUSING = {("anything", "but"), ("everything", "but"), ("all", "but"), ("other", "than"), ("instead", "of")}
DROPPED = (("the",), ("those",), ("these",))
"""After "never mind", what is dropped; else it is what is wanted: "never mind, silver"."""
REJECTED = {("is", "too"), ("are", "too"), ("too", "much"), ("too", "expensive")}
SOFT = {"that", "which", "for", "with", "in"}
"""A negation ends at these, unless it stands right before them: "nothing with berry"."""


def is_negated(words: Sequence[str], at: int) -> bool:
    if tuple(words[at + 1 : at + 3]) in REJECTED:
        return True
    for back in range(at - 1, max(-1, at - 1 - REACH), -1):
        if _frees(words, back):
            return False
        if _refuses(words, back):
            return True
        if _ends(words, back):
            return False
    return False


def _frees(words: Sequence[str], at: int) -> bool:
    if tuple(words[at : at + 2]) == ("never", "mind"):
        return tuple(words[at + 2 : at + 3]) not in DROPPED
    return tuple(words[at : at + 2]) in NO_REFUSAL or tuple(words[max(0, at - 1) : at + 1]) in UNABLE


def _refuses(words: Sequence[str], at: int) -> bool:
    before = words[at - 1] if at else ""
    return words[at] in WORDS["negations"] or (before, words[at]) in REFUSING


def _ends(words: Sequence[str], at: int) -> bool:
    before = words[at - 1] if at else ""
    if words[at] in SOFT:
        return before not in WORDS["negations"]
    return words[at] in WORDS["reach"] and before != "not"
