"""Spot what no example can teach: somebody else's address or id, and an age below the limit."""

import re
from collections.abc import Sequence

from agent.models.offline import lexicon

ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.\w+")
IDENTIFIER = re.compile(r"(?:cus|gst|stf|adm)_[a-z0-9]+|customer[_ ]?\d+")
NUMBER = re.compile(r"\$?[\d.,]+\$?")
LIMIT = 21
SPEAKERS = {"am", "i", "he", "she", "is", "only", "turned", "just", "they", "are"}
NOT_AGES = {
    "mg",
    "milligrams",
    "dollars",
    "dollar",
    "tickets",
    "ticket",
    "days",
    "minutes",
    "weeks",
    "months",
    "%",
}
AGE_UNITS = {"years", "year", "yr", "yrs", "yo", "y/o"}


def names_somebody(words: Sequence[str]) -> bool:
    """Whether the words name a customer by e-mail address or id; nobody needs that for themselves here."""
    return any(ADDRESS.fullmatch(word) or IDENTIFIER.fullmatch(word) for word in words)


def asks_of_another(words: Sequence[str], *, own: bool) -> bool:
    """Whether it is asked what is another's, such as "what tickets does my wife have".

    own: the clause is about what only the customer may see; then naming another is enough.
    """
    people = lexicon.words()["people"]
    named = [at for at, word in enumerate(words) if word.removesuffix("'s") in people]
    if own:
        return bool(named) and "i" not in words
    return any(at > 1 and words[at - 1] == "my" and words[at - 2] in ("does", "did", "has") for at in named)


def is_underage(words: Sequence[str], *, spanish: bool = False) -> bool:
    """Such as "I am 19", "he is 15" and "a 20 year old"; in Spanish one has years: "tengo 17"."""
    young = [at for at, word in enumerate(words) if word.isdigit() and 0 < int(word) < LIMIT]
    has = spanish and any(words[at - 1] == "have" and len(words) == at + 1 for at in young if at)
    return has or any(_is_age(words, at) for at in young)


def _is_age(words: Sequence[str], at: int) -> bool:
    after = words[at + 1] if at + 1 < len(words) else ""
    before = words[max(0, at - 2) : at]
    if after in NOT_AGES or words[at].startswith("$"):
        return False
    if after in AGE_UNITS:
        return "old" in words[at + 2 : at + 3] or bool(SPEAKERS & set(before))
    says_so = (
        bool(before)
        and before[-1] in ("am", "is", "turned")
        and bool({"i", "he", "she", "son"} & set(before))
    )
    return says_so or (bool(before) and before[-1] == "only" and "am" in before)


def masked(words: Sequence[str]) -> list[str]:
    """The words with addresses and ids in words that examples can be about, and one number for all but 21."""
    plain: list[str] = []
    for word in words:
        if ADDRESS.fullmatch(word):
            plain += ["somebody", "else's", "email", "address"]
        elif IDENTIFIER.fullmatch(word):
            plain += ["another", "customer's", "id"]
        elif NUMBER.fullmatch(word) and word != str(LIMIT):
            plain.append("30")
        else:
            plain.append(word)
    return plain
