"""Whether a text is in English or in Spanish, by the little words that each is full of."""

import re
from collections.abc import Set
from typing import Literal

from foundation.text.normalise import plain

Language = Literal["en", "es"]
LETTERS = re.compile(r"[^\W\d_]+")
SPANISH_SIGNS = re.compile(r"[¿¡ñ]")

ENGLISH = frozenset(
    """a about all am an and any anything are as at be been but by can cancel could did do does don for from
    get give good got great had has have hello help hey hi how i if in is it just like looking me more my need
    not of ok okay on one or our out perfect please really show so some something sorry thank thanks that
    the them there they this to too try up us very want was we were what when where which who why will with
    would yes you your""".split()
)
SPANISH = frozenset(
    """algo alguna ahora aqui buen buena buenas bueno buenos como cual cuando cuanto desde donde ella ellos
    entonces esa ese eso esta estan este esto estoy favor fue fueron gracias gusta gustan hace hacer hasta hay
    hola las llego los mas mi mis mucho mucha muy necesito nunca para pedido pero porque puede puedo que
    quiero quisiera ser sin sobre soy su sus tambien tengo tiene tienen todo toda una unos usted
    ya yo""".split()
)
"""Without those that French, Italian or Portuguese have too."""
SHARED = frozenset("a al con de del e el en es la le lo me no o por se si son te tu un va".split())
"""Spanish words that English or another language of its kind is full of too: no sign of Spanish."""


def language_of(text: str, *, spanish: Set[str] = frozenset()) -> Language | None:
    """None where neither shows: another language, a name. spanish: more words that are only Spanish."""
    said = LETTERS.findall(plain(text))
    own = [word for word in said if word in SPANISH or (word in spanish and word not in SHARED)]
    english = sum(word in ENGLISH for word in said if word not in SHARED or word == "a")
    foreign = len(own) + _signs(text)
    if english == foreign:
        return None
    return "en" if english > foreign else "es"


def _signs(text: str) -> int:
    return len(SPANISH_SIGNS.findall(text.casefold()))
