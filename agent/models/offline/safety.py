"""Spot what no example can teach: somebody else's address or id, and an age below the limit."""

import re
from collections.abc import Sequence

from agent.models.offline import lexicon

ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.\w+")
IDENTIFIER = re.compile(r"(?:cus|gst|stf|adm)_[a-z0-9]+|customer[_ ]?\d+")
NUMBER = re.compile(r"\$?\d[\d.,]*\$?")
POSSESSIVE = re.compile("'?s$")
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
ALLOWED = {"verified", "approved", "adult", str(LIMIT)}
ASKED_OF = {"did", "does", "has", "is", "was"}
PRETENDED = 3
"""Among how many words a sentence says that it only supposes: "let us pretend"."""
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


def is_anothers(words: Sequence[str]) -> bool:
    """Whether it is about what another has or did here: "my cousin's membership", "has she bought any"."""
    known = lexicon.words()
    owners = [at for at, word in enumerate(words) if POSSESSIVE.sub("", word) in known["people"] - {word}]
    if any(known["owned"] & set(words[at + 1 : at + 3]) for at in owners):
        return True
    doer = [word for word in words[1:4] if word != "my"][:1]
    asked = words[:1] != () and words[0] in ASKED_OF and bool(known["people"] & set(doer))
    return asked and bool((known["deeds"] | known["owned"]) & set(words))


def presumes(words: Sequence[str]) -> bool:
    """Whether it takes for granted what only the shop grants: "pretend gold is free", "make it cost 0"."""
    known = lexicon.words()
    opening = [word for word in words if word not in known["fillers"]][:PRETENDED]
    if known["supposing"] & set(opening):
        return bool(known["granted"] & set(words))
    return _sets_price(opening, words) or any(_records(words[at:]) for at in range(len(words)))


def _sets_price(opening: Sequence[str], words: Sequence[str]) -> bool:
    """Such as "make the tickets cost 5" and "drop the price to 0"."""
    known = lexicon.words()
    is_free = bool(known["priced"] & set(words) and known["gratis"] & set(words))
    return bool(known["setting"] & set(opening[:1])) and ("cost" in words or is_free)


def _records(words: Sequence[str]) -> bool:
    """Such as "mark me as verified" and "say i am 21"."""
    known = lexicon.words()
    is_order = words[0] in known["recording"] | known["setting"]
    return is_order and bool(known["self"] & set(words[1:2])) and bool(ALLOWED & set(words[2:6]))


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
    told_of = ({"i"} | lexicon.words()["people"]) & set(words[max(0, at - 4) : at])
    says_so = before[-1:] != () and before[-1] in ("am", "is", "turned") and bool(told_of)
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
