"""Find what "the second one", "that one" and "the cheaper one" point to in earlier results."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from agent.models.offline.conversation import Exchange
from agent.models.offline.names import Names
from agent.models.offline.vocabulary import Choices, Named

LOOK_BACK = 5
NTH = {
    "first": 0, "1st": 0, "former": 0, "second": 1, "2nd": 1, "middle": 1, "third": 2, "3rd": 2,
    "fourth": 3, "4th": 3, "fifth": 4, "5th": 4, "last": -1, "latter": -1,
}  # fmt: skip
NUMBERED = {"number", "numbers", "#", "option", "item", "no"}
BOTH = ("former", "latter")
MANY = 3
SHORT = 2
TIMES = {"time", "week", "month", "chat", "conversation", "year", "night", "order", "thought"}
TOLD = {"on", "about"}
LOW = {"cheap", "cheaper", "cheapest"}
HIGH = {"priciest", "pricier", "expensive", "dearer", "dearest"}
PLACING = {"in", "into", "to", "out", "from"}
POINTERS = {"it", "they", "that", "this", "them", "those", "these"}
LEANING = {("any", "with"), ("any", "in"), ("any", "for"), ("any", "without"), ("any", "under")}
NAME_KEYS = ("name", "title")


@dataclass(frozen=True)
class Item:
    """Something an earlier result showed."""

    kind: str
    id: str
    name: str
    price: Decimal | None
    traits: frozenset[str]
    """Its other words, such as its category and effects."""


@dataclass(frozen=True)
class Shelf:
    """What was shown last, in its order."""

    items: tuple[Item, ...] = ()

    @property
    def kind(self) -> str | None:
        return self.items[0].kind if self.items else None


def shelf(exchanges: Sequence[Exchange]) -> Shelf:
    for exchange in list(reversed(exchanges))[:LOOK_BACK]:
        for call in reversed(exchange.calls):
            items = tuple(_items(call.result.data, call.tool)) if call.result else ()
            if items:
                return Shelf(items)
    return Shelf()


def point(words: Sequence[str], shelf: Shelf, *, choices: Choices) -> Item | None:
    """The item these words point to; None when they point to none, or to several."""
    if not shelf.items:
        return None
    return (
        _by_place(words, shelf)
        or _by_price(words, shelf)
        or _by_name(words, shelf, choices)
        or _by_trait(words, shelf, choices)
        or _only_one(words, shelf)
    )


def point_all(words: Sequence[str], shelf: Shelf, *, choices: Choices) -> dict[Item, int]:
    """All the items these words point to, and where each is told: "the first two" are two."""
    for at, word in enumerate(words[:-1]):
        if word in ("first", "last", "top") and words[at + 1].isdigit():
            many = int(words[at + 1])
            return dict.fromkeys(shelf.items[-many:] if word == "last" else shelf.items[:many], at)
    placed = {item: at for at in range(len(words)) if (item := _placed(words, at, shelf))}
    if len(placed) > 1:
        return placed
    if {"both", "all"} & set(words) and {"them", "both", "these", "those"} & set(words):
        return dict.fromkeys(shelf.items[: len(BOTH) if "both" in words else MANY], 0)
    item = point(words, shelf, choices=choices)
    return {item: 0} if item else {}


def points(words: Sequence[str]) -> bool:
    """Whether the words lean on something said before."""
    pairs = set(itertools.pairwise(words))
    return (
        bool(POINTERS & set(words))
        or bool(LEANING & pairs)
        or any(
            word in ("one", "ones") and at and words[at - 1] not in ("just", "only", "take", "buy", "get")
            for at, word in enumerate(words)
        )
    )


def _by_place(words: Sequence[str], shelf: Shelf) -> Item | None:
    return next((item for at in range(len(words)) if (item := _placed(words, at, shelf))), None)


def _placed(words: Sequence[str], at: int, shelf: Shelf) -> Item | None:
    """The item that a word gives the place of: "the second", "number 2", "#2"."""
    word, before = words[at], words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    if word in NTH:
        is_place = before in ("the", "and", "or") or after in ("one", "and") or len(words) <= SHORT
        in_the_middle = (
            NTH[word] != 1 or word != "middle" or len(shelf.items) == len(("first", "middle", "last"))
        )
        return _at(shelf, NTH[word]) if is_place and after not in TIMES and in_the_middle else None
    if word.isdigit() and (_is_numbered(words, at) or (before in TOLD and not after)):
        return _at(shelf, int(word) - 1)
    return None


def _is_numbered(words: Sequence[str], at: int) -> bool:
    """Such as the 3 of "number 3" and of "numbers 1 and 3"."""
    before = words[at - 1] if at else ""
    if at > 1 and before in ("and", "&") and words[at - 2].isdigit():
        return _is_numbered(words, at - 2)
    return before in NUMBERED


def _at(shelf: Shelf, place: int) -> Item | None:
    return shelf.items[place] if -len(shelf.items) <= place < len(shelf.items) else None


def _by_price(words: Sequence[str], shelf: Shelf) -> Item | None:
    priced = [item for item in shelf.items if item.price is not None]
    said = set(words)
    among = "one" in said or ("of" in said and said & {"the", "those", "these", "them"}) or _is_put(words)
    if not among or len(priced) < 2:  # noqa: PLR2004
        return None
    if said & LOW or {"least", "expensive"} <= said:
        return min(priced, key=_price)
    return max(priced, key=_price) if said & HIGH else None


def _is_put(words: Sequence[str]) -> bool:
    """Such as "the cheapest in my cart", where no noun follows."""
    return any(word in LOW | HIGH and after in PLACING for word, after in itertools.pairwise(words))


def _price(item: Item) -> Decimal:
    return item.price if item.price is not None else Decimal(0)


def _by_name(words: Sequence[str], shelf: Shelf, choices: Choices) -> Item | None:
    kind = shelf.kind or ""
    shown = Names([Named(kind, item.id, item.name) for item in shelf.items], plain=choices.nouns)
    best = shown.best(words, kind=kind)
    return next((item for item in shelf.items if best and item.id == best[0].id), None)


def _by_trait(words: Sequence[str], shelf: Shelf, choices: Choices) -> Item | None:
    """The only one shown that has what is said: "that tincture", "the berry one"."""
    if not {"that", "the", "this"} & set(words):
        return None
    traits = sorted({trait for item in shelf.items for trait in item.traits})
    for mention in choices.mentions(words, among=traits):
        if not {"that", "the", "this"} & set(words[max(0, mention.start - 1) : mention.start]):
            continue
        having = [item for item in shelf.items if mention.value in item.traits]
        if len(having) == 1:
            return having[0]
    return None


def _only_one(words: Sequence[str], shelf: Shelf) -> Item | None:
    return shelf.items[0] if len(shelf.items) == 1 and points(words) else None


def _items(data: Any, tool: str) -> Iterator[Item]:  # noqa: ANN401 - whatever a tool returned
    """The first list of things with an id and a name, or the one thing itself."""
    if isinstance(data, Mapping):
        own = _item(data, _kind(tool))
        if own:
            yield own
            return
        for key, value in data.items():
            found = list(_items(value, str(key)))
            if found:
                yield from found
                return
    elif isinstance(data, list):
        yield from (item for each in data if isinstance(each, Mapping) and (item := _item(each, _kind(tool))))


def _item(data: Mapping[str, Any], kind: str) -> Item | None:
    name = next((data[key] for key in NAME_KEYS if isinstance(data.get(key), str)), None)
    if name is None or not isinstance(data.get("id"), str):
        return None
    return Item(kind, data["id"], name, _dollars(data), frozenset([*_traits(data), _form(name)]))


def _form(name: str) -> str:
    """What a thing is, in the last word of its name: the gummies of "Night Owl Gummies, 500 mg"."""
    return next(iter(name.split(",", maxsplit=1)[0].lower().split()[-1:]), "")


def _kind(name: str) -> str:
    """`list_raffles`, `raffles`, `raffle_details` and `search_products` speak of a raffle and a product."""
    parts = [part.removesuffix("s") for part in name.split("_")]
    return next(
        (part for part in parts if part not in ("list", "search", "find", "detail", "open", "my")), name
    )


def _traits(data: Mapping[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        if key not in ("id", *NAME_KEYS) and isinstance(value, str) and value.islower() and value.isalpha():
            yield value
        elif isinstance(value, list):
            yield from (each for each in value if isinstance(each, str) and each.isalpha())


def _dollars(data: Mapping[str, Any]) -> Decimal | None:
    for key, value in data.items():
        if "price" not in key:
            continue
        if isinstance(value, Mapping) and isinstance(value.get("cents"), int):
            return Decimal(value["cents"]) / 100
        if key.endswith("_cents") and isinstance(value, int):
            return Decimal(value) / 100
        try:
            return Decimal(str(value).strip("$"))
        except InvalidOperation:
            continue
    return None
