"""Masks card numbers, identity numbers and birthdays in what a customer typed.

They come in through forms. One typed in chat is replaced before it reaches the
journal, the memory or the model. English and Spanish.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["card_number", "security_code", "ssn", "id_number", "date_of_birth"]
Span = tuple[int, int]


@dataclass(frozen=True)
class Masked:
    text: str
    found: frozenset[Kind]


def mask(text: str) -> Masked:
    """The text with `[card number]` and the like in place of what was found."""
    if not any(character.isdigit() for character in text):
        return Masked(text, frozenset())
    parts: list[str] = []
    kinds: set[Kind] = set()
    end = 0
    for (start, stop), kind in sorted(_findings(text)):
        kinds.add(kind)
        if start >= end:
            parts += [text[end:start], f"[{kind.replace('_', ' ')}]"]
        end = max(end, stop)
    return Masked("".join([*parts, text[end:]]), frozenset(kinds))


def _findings(text: str) -> Iterator[tuple[Span, Kind]]:
    for span in _card_numbers(text):
        yield span, "card_number"
    for kind, patterns in PATTERNS.items():
        for pattern in patterns:
            for match in pattern.finditer(text):
                if not (kind == "id_number" and OTHER_NUMBER.search(text[: match.start()][-24:])):
                    yield match.span("value"), kind


# Card numbers: by their check digit and length, by their shape, or because they are called one.

DIGIT_RUN = re.compile(r"(?<!\w)\d(?:[\s.\-\u2013_/]{0,2}\d){11,}(?!\w)")
DIGITS = re.compile(r"\d+")
CARD_NAMED = re.compile(
    r"\b(?:cards?|visa|master ?card|amex|discover|tarjeta)\b[^\d\n]{0,24}$", re.IGNORECASE
)
LONGEST_CARD_NUMBER = 19
BRANDS = (
    (re.compile("4"), {13, 16, 19}),
    (re.compile("3[47]"), {15}),
    (re.compile("3[0689]"), {14, 16}),
    (re.compile("[2356]"), {16}),
    (re.compile("6"), {17, 18, 19}),
)


def _card_numbers(text: str) -> Iterator[Span]:
    for run in DIGIT_RUN.finditer(text):
        groups = [(run.start() + g.start(), run.start() + g.end()) for g in DIGITS.finditer(run.group())]
        sizes = [stop - start for start, stop in groups]
        if sizes == [4, 4, 4, 4] or CARD_NAMED.search(text[: run.start()][-40:]):
            yield run.span()
        else:
            yield from _checked_numbers(text, groups)


def _checked_numbers(text: str, groups: list[Span]) -> Iterator[Span]:
    """The stretches of whole groups of digits that are a card number by length, prefix and check digit."""
    for first, (start, _) in enumerate(groups):
        for _, stop in groups[first:]:
            digits = "".join(filter(str.isdigit, text[start:stop]))
            if len(digits) > LONGEST_CARD_NUMBER:
                break
            if _is_card_number(digits):
                yield start, stop


def _is_card_number(digits: str) -> bool:
    return any(len(digits) in sizes and prefix.match(digits) for prefix, sizes in BRANDS) and _luhn(digits)


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


# Numbers and dates that the customer calls by name: name, link, value; or value, link, name.

LINK = (
    r"(?:\s*\b(?:is|are|was|it'?s|number|num|no|nr|the|my|of|on|es|fue|el|la|mi|de|n[úu]mero|d[íi]a)\b\.?"
    r"|\s*[:=#,(-]){0,4}\s*"
)
BACK_LINK = r"(?:\s*[,)]?\s*(?:is|are|was|es|as|fue)\s+|\s*[,(=-]\s*|\s+)(?:(?:the|my|el|la|mi)\s+)?"

ID_NAME = (
    r"(?:\blicen[cs]e\b|\bdl\b|\bpassport|\bstate\s+id\b|\bmy\s+id\b|\bid\s*(?:number\b|num\b|no\b|card\b|#)"
    r"|\bidentification|\bidentity\s+(?:card|number)|\blicencia|\bidentificaci[oó]n|\bc[eé]dula|\bpasaporte|\bdni\b|\bcurp\b)"
)
ID_VALUE = r"(?P<value>(?:[a-z]{1,3}-?|[a-z]\s)?\d(?:[ .-]?[a-z]{0,3}\d){4,18}[a-z]{0,2})(?!\w)"
LAST_FOUR = r"(?P<value>\d{4})(?!\w)"
OTHER_NUMBER = re.compile(
    r"\b(?:order|product|raffle|ticket|transaction|payment|item|membership|customer|confirmation|tracking|invoice"
    r"|account|batch|lab|business|pedido|producto|boleto|rifa)(?:'s)?\s*$",
    re.IGNORECASE,
)

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre"
    r"|noviembre|diciembre)\.?"
)
DAY = r"(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?"
OF = r"\s*,?\s*(?:(?:of|del?|in)\s+)?"
YEAR = r"(?:(?:19|20)\d\d|'?\d\d)\b"
BIRTH_YEAR = r"(?:19\d\d|200\d|201[0-2])"
FULL_DATE = (
    rf"\d{{1,4}}\s?[/.-]\s?\d{{1,2}}\s?[/.-]\s?\d{{1,4}}|\d{{1,2}}\s\d{{1,2}}\s\d{{4}}|\d{{8}}"
    rf"|{MONTH}\s*{DAY}{OF}{YEAR}|{DAY}[\s-]*(?:of\s+|de\s+)?{MONTH}{OF}{YEAR}|(?:19|20)\d\d\s+{MONTH}\s*{DAY}"
)
SHORT_DATE = (
    rf"\d{{1,2}}[/-]\d{{1,2}}|{MONTH}\s*{DAY}|{DAY}\s*(?:of\s+|de\s+)?{MONTH}|{MONTH}{OF}(?:19|20)\d\d"
)
DATE = rf"(?P<value>{FULL_DATE}|{SHORT_DATE})(?!\w)"
OLD_DATE = (
    rf"(?<![\w./$-])(?P<value>\d{{1,2}}[/.-]\d{{1,2}}[/.-]{BIRTH_YEAR}|{BIRTH_YEAR}[/.-]\d{{1,2}}[/.-]\d{{1,2}}"
    rf"|{MONTH}\s*{DAY}{OF}{BIRTH_YEAR}|{DAY}[\s-]*(?:of\s+|de\s+)?{MONTH}{OF}{BIRTH_YEAR})(?!\w)"
)
BIRTH_NAME = (
    r"(?:\bborn\b|\bbirth\s*da(?:y|te)\b|\bb-?day\b|\bdate\s+of\s+birth\b|\bd\.?o\.?b\b\.?|\bnac[ií]\b|\bnacid[oa]\b"
    r"|\bfecha\s+de\s+nacimiento\b|\bcumplea[nñ]os\b|\bcumple\b)"
)


def _patterns(*sources: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(source, re.IGNORECASE) for source in sources)


PATTERNS: dict[Kind, tuple[re.Pattern[str], ...]] = {
    "security_code": _patterns(
        rf"\b(?:cvv2?|cvc2?|security\s+code|c[oó]digo\s+de\s+seguridad)\b{LINK}(?P<value>\d{{3,4}})(?!\w)",
        rf"(?<!\w)(?P<value>\d{{3,4}}){BACK_LINK}(?:cvv2?|cvc2?|security\s+code)\b",
    ),
    "ssn": _patterns(
        r"(?<![\w-])(?P<value>\d{3}(?P<gap>[- .\u2013])\d{2}(?P=gap)\d{4})(?![\w-])",
        rf"\b(?:ssn|social(?:\s+security)?|itin|seguro\s+social)\b{LINK}(?P<value>\d(?:[ -]?\d){{8}})(?!\w)",
    ),
    "id_number": _patterns(
        rf"{ID_NAME}{LINK}{ID_VALUE}",
        rf"(?<![\w.-]){ID_VALUE}{BACK_LINK}(?:driv\w+'?s?'?\s+)?{ID_NAME}",
        rf"{ID_NAME}\s+(?:that\s+)?end(?:s|ing)\s+(?:in|with){LINK}{LAST_FOUR}",
        rf"\blast\s+(?:four|4)(?:\s+digits)?\s+of\s+(?:my\s+|the\s+)?(?:driv\w+'?s?'?\s+)?(?:id\b|{ID_NAME}){LINK}{LAST_FOUR}",
    ),
    "date_of_birth": _patterns(
        rf"{BIRTH_NAME}(?:\s+(?:in|en)\b)?{LINK}{DATE}",
        rf"(?<![\w./$-])(?P<value>{FULL_DATE})(?!\w){BACK_LINK}{BIRTH_NAME}",
        OLD_DATE,
    ),
}
"""Patterns by kind; what is in the group `value` is taken out."""
