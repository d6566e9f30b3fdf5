"""Whether a message is a yes or a no, and nothing else.

A wrong yes costs money, so a message with any other word is no decision: a model reads it.
"""

import re
from typing import Literal

from foundation.text.normalise import plain

Decision = Literal["confirm", "cancel"]

YES = frozenset(
    "yes yep yeah yea yup ok okay sure confirm confirmed confirmo absolutely definitely affirmative correct "
    "si claro dale vale adelante y".split()
)
YES_PHRASES = ("go ahead", "do it", "make it so", "sounds good", "lets do it", "go for it", "please do")
NO = frozenset("no nope nah cancel stop dont cancela cancelar n negative".split())
NO_PHRASES = (
    "never mind",
    "nevermind",
    "not now",
    "do not",
    "forget it",
    "leave it",
    "leave that",
    "no keep it",
    "no gracias",
)
POLITE = frozenset(
    "please pls thanks thank you por favor gracias i it that the this want a of course lets for me now "
    "then so oh great perfect good fine and".split()
)


def decision(text: str) -> Decision | None:
    """`confirm` or `cancel` when the text says just that, in English or Spanish."""
    words = _plain(text)
    said_yes, rest = _remove(words, YES_PHRASES)
    said_no, rest = _remove(rest, NO_PHRASES)
    tokens = set(rest.split())
    said_yes = said_yes or bool(tokens & YES)
    said_no = said_no or bool(tokens & NO)
    if tokens - YES - NO - POLITE or said_yes == said_no:
        return None
    return "confirm" if said_yes else "cancel"


def _plain(text: str) -> str:
    """Lower case, without accents, apostrophes or signs."""
    return re.sub(r"[^\w?]+|_", " ", plain(text).replace("'", "")).replace("?", " ? ").strip()


def _remove(words: str, phrases: tuple[str, ...]) -> tuple[bool, str]:
    pattern = r"\b(" + "|".join(phrases) + r")\b"
    return re.search(pattern, words) is not None, re.sub(pattern, " ", words)
