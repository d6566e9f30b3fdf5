"""Whether a reply says more than the shop's tools gave it: a name, a price or a figure of its own."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commerce.age.models import MINIMUM_AGE

PRICE = re.compile(r"\$\s?(\d[\d,]*(?:\.\d+)?)")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
EXACT_PRICE = re.compile(r"\d+\.\d\d")
CAPITALISED = r"[A-Z][\w\u2019'-]*"
PROPER_NAME = re.compile(rf"{CAPITALISED}(?: (?:& )?{CAPITALISED})+")
FIRST_PERSON = re.compile(r"\bI\b[\u2019'\w]*")
SENTENCE_END = (".", "!", "?", ":", "\n", "-", "•")
FIGURES_OF_THE_HOUSE = frozenset({Decimal(MINIMUM_AGE)})
"""What policy lets the assistant say without a look-up."""
UNSAID = re.compile(r"(?:^|_)(?:id|ids|at)$")
"""Keys of a result whose values are for machines: their digits ground nothing."""


@dataclass(frozen=True)
class Sources:
    """What a turn may speak from."""

    words: str
    prices: frozenset[Decimal]
    figures: frozenset[Decimal]


def sources(results: Iterable[Mapping[str, Any]], *, said: Sequence[str], asked: str | None) -> Sources:
    """From tool results as the journal keeps them, the customer's messages, and the question that waits."""
    texts = [text for result in results for text in _texts(result)]
    texts += [asked] if asked else []
    words = "\n".join([*texts, *said])
    given = {number for text in said for number in _numbers(text)}
    exact = {Decimal(text) for text in texts if EXACT_PRICE.fullmatch(text)}
    return Sources(
        words.casefold(),
        prices=frozenset(_prices(words) | exact | given),
        figures=frozenset(_numbers(words) | FIGURES_OF_THE_HOUSE),
    )


def ungrounded(text: str, known: Sources, *, names: Iterable[str]) -> list[str]:
    """What the text says that no source has; `names` are all that the shop has for things."""
    prices = [f"the price ${price}" for price in sorted(_prices(text) - known.prices)]
    figures = [f"the figure {figure}" for figure in sorted(_numbers(PRICE.sub(" ", text)) - known.figures)]
    lower = text.casefold()
    shop = [name for name in names if name.casefold() in lower and name.casefold() not in known.words]
    return prices + figures + [f"the name {name}" for name in [*shop, *_invented(text, known)]]


def _invented(text: str, known: Sources) -> Iterator[str]:
    """Proper names that stand nowhere, without the word that may only be capital because it comes first."""
    plain = FIRST_PERSON.sub(",", text)
    for found in PROPER_NAME.finditer(plain):
        name = found.group()
        before = plain[: found.start()].rstrip(" \t“\"'(*")
        opens = not before or before.endswith(SENTENCE_END)
        rest = name.split(" ", 1)[1]
        is_known = name.casefold() in known.words
        if not is_known and not (opens and (" " not in rest or rest.casefold() in known.words)):
            yield name


def _texts(result: Mapping[str, Any]) -> Iterator[str]:
    yield str(result["say"])
    yield from _leaves(result.get("data"))
    for card in result.get("cards") or ():
        yield from _leaves({key: value for key, value in card.items() if key != "kind"})


def _leaves(data: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(data, Mapping):
        for key, value in data.items():
            if not UNSAID.search(str(key)):
                yield from _leaves(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _leaves(value)
    elif data is not None and not isinstance(data, bool):
        yield str(data)


def _prices(text: str) -> set[Decimal]:
    return {_number(found) for found in PRICE.findall(text)}


def _numbers(text: str) -> set[Decimal]:
    return {_number(found) for found in NUMBER.findall(text)}


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "") or "0")
