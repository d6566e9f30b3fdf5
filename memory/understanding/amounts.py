"""Sums of money in a customer's words, in cents."""

import re
from collections.abc import Iterator

from memory.understanding.models import Entity

SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen""".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SPANISH = {"diez": 10, "quince": 15, "veinte": 20, "treinta": 30, "cuarenta": 40, "cincuenta": 50}
SPANISH |= {"sesenta": 60, "setenta": 70, "ochenta": 80, "noventa": 90, "cien": 100, "doscientos": 200}
NUMBERS = {word: number for number, word in enumerate(SMALL)} | SPANISH
NUMBERS |= {word: 10 * number for number, word in enumerate(TENS, start=2)}
NUMBERS |= {"hundred": 100, "a hundred": 100, "a couple hundred": 200}

DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,6}(?:\.\d{1,2})?"
SPELLED = (
    rf"(?:{'|'.join(TENS)})[ -](?:{'|'.join(SMALL[1:10])})|{'|'.join(sorted(NUMBERS, key=len, reverse=True))}"
)
SAID = rf"(?:{DIGITS}|{SPELLED})"
"""A number, in digits or in words."""
UNIT = r"(?:dollars?|bucks?|usd|dólares|dolares|dólar|dolar)"
BOUND = (
    r"(?:under|below|less than|more than|over|up to|at most|around|about|max(?:imum)?|budget(?: is| of)?"
    r"|spend|menos de|hasta|m[aá]s de|alrededor de|presupuesto(?: es)?(?: de)?)"
)
MEASURED = (
    r"(?!\s*(?:%|mg|g\b|grams?|count|ct\b|pieces?|minutes?|hours?|days?|weeks?|years?|times|of\b|th\b))"
)
AMOUNT = re.compile(
    rf"\$\s?(?P<dollars>{DIGITS})|\b(?P<digits>{DIGITS})\s?(?:{UNIT}\b|\$)|\b(?P<spelled>{SPELLED})\s{UNIT}\b"
    rf"|\b{BOUND}\s(?P<bound>{DIGITS})\b(?:\s?{UNIT}\b|{MEASURED})",
    re.I,
)


def amounts(text: str) -> Iterator[Entity]:
    """A number counts where its unit is said, or a bound before it that is one of money."""
    for found in AMOUNT.finditer(text):
        group = str(found.lastgroup)
        said, start = found[group], found.start(group)
        start = found.start() if group != "bound" else start
        yield Entity("amount", str(cents_of(said)), text[start : found.end()], start, found.end())


def cents_of(said: str) -> int:
    """Such as 4000 for "40", "40.00" and "forty"."""
    plain = " ".join(said.lower().replace(",", "").replace("-", " ").split())
    if plain in NUMBERS:
        return 100 * NUMBERS[plain]
    if plain[0].isdigit():
        return round(100 * float(plain))
    return 100 * sum(NUMBERS[word] for word in plain.split())
