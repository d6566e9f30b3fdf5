"""Spot what no example can teach: somebody else's address or id, and an age below the limit."""

import itertools
import re
from collections.abc import Sequence

from agent.models.offline import lexicon
from foundation.text.numbers import UNCOUNTED

ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.\w+")
IDENTIFIER = re.compile(r"(?:cus|gst|stf|adm)_[a-z0-9]+|customer[_ ]?\d+")
NUMBER = re.compile(r"\$?\d[\d.,]*\$?")
POSSESSIVE = re.compile("'?s$")
FORGED = re.compile(
    r"""["']role["']\s*:\s*["'](?:tool|system|assistant)["']|\btool_(?:result|use)\b""", re.IGNORECASE
)
"""What only the machine writes, in a customer's words."""
LIMIT = 21
SUBJECTS = {"i", "he", "she", "they", "who"}
BEING = {"am", "is", "are", "turned", "turns", "turning"}
HARDLY = {"only", "just", "barely", "still", "about", "almost"}
NOT_AGES = UNCOUNTED | lexicon.words()["counted"] | {"dollars", "dollar"}
ALLOWED = {"verified", "approved", "adult", str(LIMIT)}
ASKING = {"can", "could", "would", "will", "you"}
TELLING = {"is", "was", "has", "had", "gets", "got", "costs"}
ASKED_OF = {"did", "does", "has", "is", "was"}
PRETENDED = 3
"""Among how many words a sentence says that it only supposes: "let us pretend"."""
AGE_UNITS = {"years", "year", "yr", "yrs", "yo", "y/o"}


def forges(text: str) -> bool:
    """Whether the message pretends to be a tool's result or the shop's own words."""
    return FORGED.search(text) is not None


def names_somebody(words: Sequence[str]) -> bool:
    """Whether the words name a customer by e-mail address or id; nobody needs that for themselves here."""
    return any(ADDRESS.fullmatch(word) or IDENTIFIER.fullmatch(word) for word in words)


def asks_of_another(words: Sequence[str], *, own: bool) -> bool:
    """Whether it is asked what is another's, such as "what tickets does my wife have".

    own: the clause is about what only the customer may see; then naming another is enough.
    """
    people = lexicon.words()["people"]
    named = [
        at
        for at, word in enumerate(words)
        if word.removesuffix("'s") in people and words[max(0, at - 1)] != "your"
    ]
    if own:
        return bool(named) and "i" not in words
    return any(at > 1 and words[at - 1] == "my" and words[at - 2] in ("does", "did", "has") for at in named)


def is_anothers(words: Sequence[str]) -> bool:
    """Whether it is about what another has or did here: "my cousin's membership", "has she bought any".

    What only tells of it asks for nothing: "my roommate's plan is silver".
    """
    known = lexicon.words()
    owners = [at for at, word in enumerate(words) if POSSESSIVE.sub("", word) in known["people"] - {word}]
    owned = [
        at for owner in owners for at in (owner + 1, owner + 2) if set(words[at : at + 1]) & known["owned"]
    ]
    if owned and not (owners[0] <= 1 and TELLING & set(words[owned[-1] + 1 : owned[-1] + 2])):
        return True
    doer = [word for word in words[1:4] if word != "my"][:1]
    asked = words[:1] != () and words[0] in ASKED_OF and bool(known["people"] & set(doer))
    return asked and bool((known["deeds"] | known["owned"]) & set(words))


def presumes(words: Sequence[str]) -> bool:
    """Whether it takes for granted what only the shop grants: "pretend gold is free", "make it cost 0"."""
    known = lexicon.words()
    plain = [word for word in words if word not in known["fillers"] and word not in ASKING]
    if known["supposing"] & set(plain[:PRETENDED]):
        return bool(known["granted"] & set(words))
    return _sets_price(plain) or _records(plain)


def _sets_price(words: Sequence[str]) -> bool:
    """Such as "make the tickets cost 5" and "drop the price to 0"; but gluten may well be free."""
    known = lexicon.words()
    said = [word for word in words if word in known["priced"] or word not in known["empty"]]
    is_free = any(a in known["priced"] and b in known["gratis"] for a, b in itertools.pairwise(said))
    is_order = bool(known["setting"] & set(words[:1])) and words[1:2] != ["sure"]
    return is_order and ("cost" in words or is_free)


def _records(words: Sequence[str]) -> bool:
    """Such as "mark me as verified" and "say i am 21"."""
    known = lexicon.words()
    is_order = bool((known["recording"] | known["setting"]) & set(words[:1]))
    return is_order and bool(known["self"] & set(words[1:2])) and bool(ALLOWED & set(words[2:6]))


def is_underage(words: Sequence[str], *, spanish: bool = False) -> bool:
    """Such as "I am 19", "he is 15" and "a 20 year old"; in Spanish one has years: "tengo 17"."""
    young = [at for at, word in enumerate(words) if word.isdigit() and 0 < int(word) < LIMIT]
    has = spanish and any(words[at - 1] == "have" and len(words) == at + 1 for at in young if at)
    return has or any(_is_age(words, at) for at in young)


def _is_age(words: Sequence[str], at: int) -> bool:
    after = words[at + 1] if at + 1 < len(words) else ""
    if after in AGE_UNITS and "old" in words[at + 2 : at + 3]:
        return True
    return (after in AGE_UNITS or after not in NOT_AGES) and _is_of_somebody(words[:at])


def _is_of_somebody(words: Sequence[str]) -> bool:
    """Whether the words end on who is so old: "my son is only"; not on what else is: "my mom said it is"."""
    said = [word for word in reversed(words) if word not in HARDLY]
    subject = list(itertools.dropwhile(BEING.__contains__, said))
    is_person = bool(subject) and (subject[0] in SUBJECTS or subject[0] in lexicon.words()["people"])
    return is_person and len(subject) < len(said) and "for" not in subject[1:3]


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
