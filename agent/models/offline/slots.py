"""Fill the arguments of a tool from the words of one clause."""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agent.models.offline import counting, lexicon
from agent.models.offline.names import Names
from agent.models.offline.schema import Slot
from agent.models.offline.vocabulary import PUNCTUATION, Choices
from commerce.customers.models import STATES
from foundation.text.bounds import dollars
from foundation.text.negation import is_negated
from foundation.text.terms import Mention, Terms

Arguments = dict[str, Any]
WORDS = lexicon.words()

SHORTEST_FORM = 4
"""The least letters of the last word of a name that narrows a search by itself."""
STATE_NAMES = Terms({code: (code.lower(), name.lower()) for code, name in STATES.items()})
REASONS = re.compile(r"(?:\bbecause\b|\bcuz\b|\bporque\b|[,;:.]|\s-)\s*(.+)", re.DOTALL | re.IGNORECASE)
"""What may stand before the reason for a wish, and the reason."""
ALTERNATIVES: tuple[list[str], ...] = (["and"], ["or"], ["&"], ["plus"])
PREAMBLES = (
    "please", "can you", "could you", "would you", "remember that", "remember", "make a note that",
    "make a note", "note that", "keep in mind that", "keep in mind", "save that", "store that",
    "for the future", "from now on", "just so you know", "add to my profile that", "jot down that", "also",
    "hey", "and", "that", "i want you to", ",",
)  # fmt: skip


@dataclass(frozen=True)
class Clue:
    """A clause, with what is known around it that its words may point to."""

    words: Sequence[str] = ()
    raw: str = ""
    """The clause as the customer wrote it, as near as can be told."""
    named: Mapping[str, Sequence[Mention]] = field(default_factory=dict)
    """The things referred to, by their kind: "the second one", "the first two"."""


class Filler:
    def __init__(self, choices: Choices, names: Names) -> None:
        self._choices = choices
        self._names = names

    def fill(self, slots: Sequence[Slot], clue: Clue) -> Arguments:
        """The arguments the clause gives; what it does not say is left out."""
        filled = {slot.name: self._value(slot, clue) for slot in slots}
        return {name: value for name, value in filled.items() if value not in (None, [], "")}

    def variants(self, slot: Slot, clue: Clue) -> list[Mention]:
        """All that the clause wants for a slot that takes one: "gummies and tinctures" wants both."""
        if slot.is_list or slot.excludes:
            return []
        if slot.choices:
            return _alternatives(clue.words, self._mentions(slot, clue.words)[0])
        if slot.kind in clue.named:
            return list(clue.named[slot.kind])
        return [mention for _, mention in self._names.all(clue.words, kind=slot.kind)]

    def covers(self, slots: Sequence[Slot], words: Sequence[str]) -> set[int]:
        """The places of the words that fill these slots, or are refused for them."""
        places: set[int] = set()
        for slot in slots:
            if slot.choices:
                found = self._choices.mentions(words, among=slot.choices)
                places |= {at for mention in found for at in range(mention.start, mention.end)}
            elif slot.kind == "state":
                places |= {at for state in _states(words) for at in range(state.start, state.end)}
            elif slot.kind in ("money", "count"):
                places |= {at for at, word in enumerate(words) if dollars(word) is not None}
            elif self._names.of_kind(slot.kind):
                places |= {at for at, word in enumerate(words) if word in self._names.words}
        return places

    def _value(self, slot: Slot, clue: Clue) -> Any:  # noqa: ANN401 - whatever the schema asks for
        if slot.choices:
            return self._choice(slot, clue.words)
        by_kind: Mapping[str, Callable[[], Any]] = {
            "money": lambda: _money(slot, clue.words),
            "count": lambda: counting.count(clue.words),
            "words": lambda: self._telling_words(clue.words),
            "said": lambda: said(clue)[: slot.longest],
            "question": lambda: said(clue)[: slot.longest],
            "query": lambda: " ".join(clue.words)[: slot.longest],
            "reason": lambda: _reason(clue)[: slot.longest],
            "state": lambda: next((state.value for state in _states(clue.words)), None),
            "in_all": lambda: counting.counts_all(clue.words) or None,
        }
        return by_kind.get(slot.kind, lambda: self._thing(slot, clue))()

    def _choice(self, slot: Slot, words: Sequence[str]) -> str | list[str] | None:
        wanted, unwanted = self._mentions(slot, words)
        found = unwanted if slot.excludes else wanted
        values = [mention.value for mention in found]
        if slot.is_list:
            return list(dict.fromkeys(values))
        if not values:
            return None
        return values[-1] if _is_corrected(words, found) else values[0]

    def _mentions(self, slot: Slot, words: Sequence[str]) -> tuple[list[Mention], list[Mention]]:
        """The choices wanted, and those refused by all words for them; the last of each word counts."""
        found = self._choices.mentions(words, among=slot.choices)
        last = {tuple(words[mention.start : mention.end]): mention for mention in found}
        unwanted = [mention for mention in last.values() if is_negated(words, mention.start)]
        wanted = {mention.value for mention in last.values() if mention not in unwanted}
        refused = {mention.value for mention in unwanted} - wanted
        return (
            [mention for mention in found if mention.value not in refused],
            [mention for mention in unwanted if mention.value in refused],
        )

    def _telling_words(self, words: Sequence[str]) -> str:
        """Words that narrow a search: part of a name, or the form a product comes in."""
        fragment = self._names.fragment(words).split()
        forms = [
            word
            for at, word in enumerate(words)
            if word in self._names.forms and len(word) >= SHORTEST_FORM and not is_negated(words, at)
        ]
        return " ".join(dict.fromkeys([*fragment, *forms]))

    def _thing(self, slot: Slot, clue: Clue) -> str | None:
        """The id of what the clause points to or names."""
        kind = slot.kind
        if kind in clue.named:
            return clue.named[kind][0].value
        wanted = [
            word for at, word in enumerate(clue.words) if slot.is_unwanted or not is_negated(clue.words, at)
        ]
        if slot.id_prefix:
            return next((word for word in wanted if word.startswith(f"{slot.id_prefix}_")), None)
        best = self._names.best(wanted, kind=kind)
        named = [best] if best else self._names.all(wanted, kind=kind)
        if named:
            return named[0][0].id
        return self._form(wanted) if slot.is_unwanted else None

    def _form(self, words: Sequence[str]) -> str | None:
        """What a thing is, where it is not named: "the grinder"."""
        return next((word for word in words if word in self._names.forms), None)


def accepted(slots: Sequence[Slot], arguments: Arguments, wanted: Arguments) -> Arguments:
    """The arguments, where what is wanted is refused no more."""
    choosing = {slot.choices: wanted.get(slot.name) for slot in slots if slot.choices and not slot.excludes}
    kept = dict(arguments)
    for slot in slots:
        if slot.excludes and slot.name in kept:
            kept[slot.name] = [value for value in kept[slot.name] if value != choosing.get(slot.choices)]
    return {name: value for name, value in kept.items() if value != []}


def said(clue: Clue) -> str:
    """The clause without the words that only lead up to it."""
    text = clue.raw.strip(" ,.!")
    while preamble := next((p for p in PREAMBLES if text.lower().startswith(f"{p} ")), None):
        text = text[len(preamble) :].strip(" ,")
    return text


def _reason(clue: Clue) -> str:
    """What follows the wish itself: "cancel it, I never use it"."""
    told = REASONS.search(clue.raw.strip(" ,.!"))
    return told[1].strip(" ,.!") if told else ""


def _states(words: Sequence[str]) -> list[Mention]:
    """States by name or code; but "ok", "in" and "me" are words sooner than codes."""
    small = WORDS["empty"] | WORDS["fillers"]
    found = STATE_NAMES.find(words)
    return [state for state in found if words[state.start] not in small or state.end > state.start + 1]


def _money(slot: Slot, words: Sequence[str]) -> float | None:
    span = counting.span(words)
    if span is None:
        return None
    if slot.is_upper_bound:
        return _number(span.high if span.high is not None else (span.exact if span.low is None else None))
    if slot.is_lower_bound:
        return _number(span.low)
    return _number(span.exact or span.high or span.low)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _is_corrected(words: Sequence[str], wanted: Sequence[Mention]) -> bool:
    """A change of mind within the clause: "silver, no wait, gold"; or a change: "from bronze up to gold"."""
    first, last = wanted[0], wanted[-1]
    between = words[first.end : last.start]
    is_change = words[max(0, first.start - 1)] == "from" and tuple(between[-1:]) == ("to",)
    return is_change or bool(WORDS["cues"] & set(between))


def _alternatives(words: Sequence[str], wanted: Sequence[Mention]) -> list[Mention]:
    found: dict[str, Mention] = {}
    for before, after in itertools.pairwise(wanted):
        between = [word for word in words[before.end : after.start] if word not in PUNCTUATION]
        if before.value != after.value and between in ALTERNATIVES:
            found = {before.value: before} | found | {after.value: after}
    return list(found.values())
