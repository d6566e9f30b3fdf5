"""Whether a message is in English or in Spanish, by the little words that each is full of."""

import re
import unicodedata

from memory.understanding.models import Language

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


APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u00b4`", "'"))


def plain(text: str) -> str:
    """Without case and accents, and with one kind of apostrophe."""
    lowered = text.translate(APOSTROPHES).casefold()
    if lowered.isascii():
        return lowered
    parts = unicodedata.normalize("NFKD", lowered)
    return "".join(char for char in parts if not unicodedata.combining(char))


def language_of(text: str) -> Language | None:
    """None where neither shows: another language, a name, a number."""
    words = LETTERS.findall(plain(text))
    english = sum(word in ENGLISH for word in words)
    spanish = sum(word in SPANISH for word in words) + len(SPANISH_SIGNS.findall(text.casefold()))
    if english == spanish:
        return None
    return "en" if english > spanish else "es"
