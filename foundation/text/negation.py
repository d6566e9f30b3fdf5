"""Whether a word is refused by the words around it: "nothing sweet", "not gold"; but not "no, silver"."""

from collections.abc import Iterator, Sequence

NEGATIONS = frozenset(
    "avoid dislike dislikes except hate hates minus never no non not nothing skip without".split()
)
REACH_ENDS = frozenset(
    "! , . ; ? but find get give instead just make only rather show tell want need prefer".split()
)
REACH = 5
"""How many words after a negation it still holds for."""
UNABLE = {("can", "not"), ("could", "not"), ("can", "never"), ("could", "never")}
NO_REFUSAL = {
    ("not", "only"), ("no", "problem"), ("not", "break"), ("not", "been"), ("not", "feel"), ("not", "stop"),
    ("not", "had"), ("not", "get"), ("not", "getting"), ("never", "tried"), ("not", "sure"),
    ("nothing", "beats"), ("not", "forget"), ("never", "forget"), ("not", "mind"), ("not", "worry"),
    ("not", "just"), ("why", "not"), ("not", "bad"), ("no", "idea"), ("no", "rush"), ("not", "arrived"),
    ("not", "arrive"), ("no", "worries"), ("not", "know"),
}  # fmt: skip
"""No refusal at all, though it says no."""
REFUSING = {("anything", "but"), ("everything", "but"), ("all", "but"), ("other", "than"), ("instead", "of")}
DROPPED = (("the",), ("those",), ("these",))
"""After "never mind", what is dropped; else it is what is wanted: "never mind, silver"."""
REJECTED = {("is", "too"), ("are", "too"), ("too", "much"), ("too", "expensive")}
SOFT = {"that", "which", "for", "with", "in"}
"""A negation ends at these, unless it stands right before them: "nothing with berry"."""
QUALIFIERS = frozenset("too so very that any of the a an with".split())
"""Words of a refusal that say nothing of what is refused: "not too sweet"."""


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
    return words[at] in NEGATIONS or (before, words[at]) in REFUSING


def _ends(words: Sequence[str], at: int) -> bool:
    before = words[at - 1] if at else ""
    if words[at] in SOFT:
        return before not in NEGATIONS
    return words[at] in REACH_ENDS and before != "not"


CLAUSE_ENDS = {",", ".", "!", "?", ";", "but", "\n", ":"}
LEADING = frozenset(
    "actually already also and anymore hey hi hmm honestly just like nah no now oh ok okay please so sorry "
    "then wait well yeah yes you".split()
)
WANTED_ANYWAY = frozenset(
    "forget mind worry know have think see hear understand like feel get need be care remember stop".split()
)
"""After "do not" these ask for nothing to be left undone."""
UNDONE = {
    ("never", "mind"), ("changed", "my", "mind"), ("forget", "it"), ("forget", "that"), ("forget", "about"),
    ("leave", "it"), ("no", "thanks"), ("no", "thank", "you"), ("not", "interested"), ("scratch", "that"),
    ("hold", "off"), ("stop", "sending"), ("stop", "emailing"), ("stop", "texting"), ("stop", "charging"),
    ("stop", "calling"),
}  # fmt: skip
WANTING = {
    "want",
    "wanna",
    "need",
    "ask",
    "order",
    "agree",
    "authorize",
    "mean",
    "request",
    "approve",
    "sign",
}


def refuses(words: Sequence[str]) -> bool:
    """Whether something is not to be done: "don't add it", "never mind", "I did not ask you to"."""
    return any(_refuses_deed(clause) for clause in _clauses(words))


def _refuses_deed(clause: Sequence[str]) -> bool:
    said = list(clause)
    while said and said[0] in LEADING and tuple(said[:2]) not in UNDONE and tuple(said[:3]) not in UNDONE:
        said.pop(0)
    runs = {tuple(said[at : at + size]) for size in (2, 3) for at in range(len(said) - size + 1)}
    if runs & UNDONE:
        return True
    if said[:2] == ["do", "not"] or said[:1] == ["never"]:
        verb = said[2:3] if said[0] == "do" else said[1:2]
        return verb != [] and verb[0] not in WANTED_ANYWAY
    is_own = said[:1] == ["i"] and said[1:3] in (["do", "not"], ["did", "not"], ["never", "did"])
    return is_own and bool(WANTING & set(said[3:4]))


def _clauses(words: Sequence[str]) -> Iterator[Sequence[str]]:
    start = 0
    for at, word in enumerate(words):
        if word in CLAUSE_ENDS:
            yield words[start:at]
            start = at + 1
    yield words[start:]
