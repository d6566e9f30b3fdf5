"""Grounding: names, prices and figures of a reply that none of its sources contains."""

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
POLICY_FIGURES = frozenset({Decimal(MINIMUM_AGE)})
"""Figures that a policy allows without a tool call."""
NOT_SPOKEN = re.compile(r"(?:^|_)(?:id|ids|at)$")
"""Keys of a result that hold ids and times: their digits ground no figure."""


@dataclass(frozen=True)
class Sources:
    """What a reply may be based on."""

    words: str
    prices: frozenset[Decimal]
    figures: frozenset[Decimal]


def sources(results: Iterable[Mapping[str, Any]], *, said: Sequence[str], asked: str | None) -> Sources:
    """From tool results in the journal, the customer's messages, and the pending question."""
    texts = [text for result in results for text in _texts(result)]
    texts += [asked] if asked else []
    words = "\n".join([*texts, *said])
    given = {number for text in said for number in _numbers(text)}
    exact = {Decimal(text) for text in texts if EXACT_PRICE.fullmatch(text)}
    return Sources(
        words.casefold(),
        prices=frozenset(_prices(words) | exact | given),
        figures=frozenset(_numbers(words) | POLICY_FIGURES),
    )


def ungrounded(text: str, known: Sources, *, names: Iterable[str]) -> list[str]:
    """Names, prices and figures of the text that no source has; `names` are those of products and raffles."""
    prices = [f"the price ${price}" for price in sorted(_prices(text) - known.prices)]
    figures = [f"the figure {figure}" for figure in sorted(_numbers(PRICE.sub(" ", text)) - known.figures)]
    lower = text.casefold()
    shop = [name for name in names if name.casefold() in lower and name.casefold() not in known.words]
    return prices + figures + [f"the name {name}" for name in [*shop, *_invented(text, known)]]


def _invented(text: str, known: Sources) -> Iterator[str]:
    """Proper names without a source; a first word may be capitalised only because it begins a sentence."""
    plain = FIRST_PERSON.sub(",", text)
    for found in PROPER_NAME.finditer(plain):
        name = found.group()
        before = plain[: found.start()].rstrip(" \t“\"'(*")
        starts_sentence = not before or before.endswith(SENTENCE_END)
        remainder = name.split(" ", 1)[1]
        is_known = name.casefold() in known.words
        if not is_known and not (
            starts_sentence and (" " not in remainder or remainder.casefold() in known.words)
        ):
            yield name


def _texts(result: Mapping[str, Any]) -> Iterator[str]:
    yield str(result["say"])
    yield from _leaves(result.get("data"))
    for card in result.get("cards") or ():
        yield from _leaves({key: value for key, value in card.items() if key != "kind"})


def _leaves(data: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(data, Mapping):
        for key, value in data.items():
            if not NOT_SPOKEN.search(str(key)):
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
