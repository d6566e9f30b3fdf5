"""Messages that mean something only after what went before: answers, references, corrections, additions."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from agent.models.offline import clauses, counting, references, schema
from agent.models.offline.clauses import WORDS
from agent.models.offline.context import Base, Past
from agent.models.offline.slots import Arguments, Clue, Filler, accepted
from agent.models.offline.wishes import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    SURE,
    Desk,
    Heard,
    Wish,
    call,
    is_complete,
    says_something,
)
from foundation.text.negation import NEGATIONS, is_negated
from tools.base import Effect, Tool

SHORT = 3
"""A clause of so few words says too little to be a wish against the context."""


class FollowUps:
    def __init__(self, desk: Desk, filler: Filler) -> None:
        self._desk = desk
        self._filler = filler

    def find(self, heard: Heard, past: Past) -> Wish | None:
        return (
            self._answer(heard, past)
            or self._recounted(heard, past)
            or self._pointed(heard, past)
            or self._changed(heard, past)
            or self._asked_about(heard, past)
        )

    def added(self, wish: Wish, before: Wish | None) -> Wish | None:
        """The call of the clause before with what this one adds: "… but keep it under 15"."""
        words = wish.clue.words
        if before and wish.tool and _points_back(wish):
            return replace(wish, arguments=self._filler.fill(schema.slots(wish.tool), before.clue))
        if before is None or before.tool is None or WORDS["showing"] & set(words):
            return None
        if wish.label == before.label and wish.is_headed:
            return None
        base = Base(before.tool, before.arguments)
        filled, left = self._changes(base, wish.clue)
        differs = any(before.arguments.get(name, value) != value for name, value in filled.items())
        if left or not says_something(before.tool, filled) or (differs and not clauses.is_cued(words)):
            return None
        return replace(before, arguments=merged(base, filled))

    def _answer(self, heard: Heard, past: Past) -> Wish | None:
        """The argument we asked for, or a question about what it could be."""
        base = past.asked
        if base is None or base.asked is None:
            return None
        filled = self._filler.fill(schema.slots(base.tool), heard.clue)
        if base.asked.name in filled and not _is_other(heard, base.tool, need=CERTAIN):
            return call(base.tool, merged(base, filled), heard.clue)
        listers = (self._desk.lister(slot) for slot in (base.asked, *schema.slots(base.tool)))
        lister = next(filter(None, listers), None)
        return call(lister, {}, heard.clue) if lister and self._asks_back(heard) else None

    def _asks_back(self, heard: Heard) -> bool:
        """A question that is about nothing by itself, and so about what we asked."""
        if not WORDS["questions"] & set(heard.words):
            return False
        if heard.top.label == "capabilities":
            return True
        tool = self._desk.tools.get(heard.top.label)
        if tool is None or heard.top.score < LIKELY:
            return heard.top.score < LIKELY
        slots = schema.slots(tool)
        return references.points(heard.words) or bool(slots and not self._filler.fill(slots, heard.clue))

    def _recounted(self, heard: Heard, past: Past) -> Wish | None:
        """The note made last, with another count of the same: "make it four", "only one"."""
        base = past.bases[0] if past.bases else None
        if base is None or not _is_note(base) or clauses.asks(heard.words):
            return None
        filled, left = self._changes(base, heard.clue)
        counts = {slot.name for slot in schema.slots(base.tool) if slot.kind in ("count", "in_all")}
        is_same = all(base.arguments.get(name) == filled[name] for name in set(filled) - counts)
        is_counted = is_same and bool(counts & set(filled)) and self._is_change(heard, base, left)
        return call(base.tool, merged(base, filled), heard.clue) if is_counted else None

    def _pointed(self, heard: Heard, past: Past) -> Wish | None:
        """A thing shown before, with the tool that is about one such thing."""
        kind = next(iter(heard.clue.named), None)
        if kind is None or self._is_elsewhere(heard, kind, past):
            return None
        unsure = heard.top.score < SURE and not clauses.asks(heard.words)
        is_refused = is_negated(heard.words, len(heard.words) - 1)
        for guess in heard.ranked:
            tool = self._desk.tools.get(guess.label)
            if tool is None or not schema.find(tool, kind):
                continue
            is_look_up = tool.effect is Effect.READ
            is_meant = not is_refused if is_look_up else self._takes(heard.words, kind)
            if not is_meant or (_takes_away(tool, kind) and not _puts_away(heard.words)):
                continue
            filled = self._filler.fill(schema.slots(tool), heard.clue)
            if is_look_up or unsure or guess.score >= POSSIBLE or is_complete(tool, filled):
                return call(tool, filled, heard.clue)
        return None

    def _takes(self, words: Sequence[str], kind: str) -> bool:
        """Whether such a thing is wanted, not only looked at: "2 of those", but not "number 2, please"."""
        if clauses.asks(words):
            return False
        tools = self._desk.tools.values()
        if not any(tool.effect is Effect.READ and schema.find(tool, kind) for tool in tools):
            return True
        counts = any(word.isdigit() and after == "of" for word, after in itertools.pairwise(words))
        return counts or bool(WORDS["taking"] & set(words))

    def _is_elsewhere(self, heard: Heard, kind: str, past: Past) -> bool:
        """Whether the clause plainly wishes for something that no such thing has a part in."""
        if heard.top.score < SURE:
            return False
        tool = self._desk.tools.get(heard.top.label)
        if tool is None or schema.find(tool, kind):
            return tool is None
        if clauses.asks(heard.words):
            return False
        changes = bool(past.bases) and past.bases[0].tool is tool and clauses.is_cued(heard.words)
        return changes or not references.points(heard.words)

    def _changed(self, heard: Heard, past: Past) -> Wish | None:
        """An earlier call with what this clause changes about it."""
        for base in past.bases:
            if base.tool.effect.needs_confirmation and clauses.asks(heard.words):
                continue
            filled, left = self._changes(base, heard.clue)
            again = heard.is_cued and not filled and heard.top.label == base.tool.name
            if again or (says_something(base.tool, filled) and self._is_change(heard, base, left)):
                return call(base.tool, merged(base, filled), heard.clue)
        return None

    def _asked_about(self, heard: Heard, past: Past) -> Wish | None:
        """What a proposed purchase is: "what do I get with it"."""
        tool = self._desk.tools.get(heard.top.label)
        filled = self._filler.fill(schema.slots(tool), heard.clue) if tool else {}
        is_plain = tool is not None and heard.top.score >= LIKELY and is_complete(tool, filled)
        if (
            past.pending is None
            or is_plain
            or not (clauses.asks(heard.words) and references.points(heard.words))
        ):
            return None
        listers = (self._desk.lister(slot) for slot in schema.slots(past.pending.tool))
        lister = next(filter(None, listers), None)
        return call(lister, {}, heard.clue) if lister else None

    def _is_change(self, heard: Heard, base: Base, left: Sequence[str]) -> bool:
        is_same = heard.top.label == base.tool.name
        leans = is_same and references.points(heard.words)
        astray = not is_same and not left
        bare = len(left) <= 1 and not clauses.begins_wish(heard.words)
        need = CERTAIN if heard.is_cued or astray else SURE
        more = bool(_told(base, heard.words))
        own = self._filler.fill(schema.slots(base.tool), heard.clue)
        refuses = bool(own) and all(s.excludes for s in schema.slots(base.tool) if s.name in own)
        lacks = is_same and base.is_pending and not is_complete(base.tool, own)
        little = _means_little(heard, base, own)
        changes = heard.is_cued or leans or astray or bare or more or lacks or refuses or little
        return changes and not _is_other(heard, base.tool, need=need)

    def _changes(self, base: Base, clue: Clue) -> tuple[Arguments, list[str]]:
        """What the clause fills of the call's arguments, and what else it says."""
        slots = schema.slots(base.tool)
        words = _without_noes(clue.words, base.tool)
        left = clauses.remainder(words, self._filler.covers(slots, words))
        filled = self._filler.fill(slots, replace(clue, words=words))
        return {**filled, **_counted(base, words, filled)}, left


def _takes_away(tool: Tool, kind: str) -> bool:
    return any(slot.is_unwanted for slot in schema.of_kind(tool, kind))


def _puts_away(words: Sequence[str]) -> bool:
    return bool((WORDS["removing"] | NEGATIONS) & set(words))


def _means_little(heard: Heard, base: Base, own: Arguments) -> bool:
    """What is no wish by itself changes the call before: "bronze is plenty", "I could go up to 50"."""
    if base.is_pending:
        chosen = any(slot.choices for slot in schema.slots(base.tool) if slot.name in own)
        return chosen and not clauses.begins_wish(heard.words)
    return base.tool.effect is Effect.READ and heard.top.score < POSSIBLE


def _points_back(wish: Wish) -> bool:
    """A note of what was said before it: "…, remember that"."""
    words = wish.clue.words
    return wish.effect is Effect.NOTE and len(words) <= SHORT and references.points(words)


def _is_note(base: Base) -> bool:
    return base.is_made and base.tool.effect is Effect.NOTE


def _told(base: Base, words: Sequence[str]) -> Arguments:
    """The count told by what it was: "double it"; "two more" adds only to what is not bought yet.

    What has been bought is bought: "was I charged twice?" buys nothing more.
    """
    slot = schema.find(base.tool, "count")
    before = base.arguments.get(slot.name, slot.default) if slot else None
    if (
        slot is None
        or not isinstance(before, int)
        or (base.tool.effect.needs_confirmation and not base.is_pending)
    ):
        return {}
    more = counting.more(words) if base.is_pending else None
    number = before + more if more else counting.scaled(words, before)
    return {slot.name: number} if number else {}


def _counted(base: Base, words: Sequence[str], filled: Arguments) -> Arguments:
    """The count of a change; that of a note already made is how many there shall be, unless it is more."""
    told, more = _told(base, words), counting.more(words)
    count, whole = (schema.find(base.tool, kind) for kind in ("count", "in_all"))
    if count is None or whole is None or not _is_note(base):
        return told
    if more:
        return {count.name: more, whole.name: None}
    return {**told, whole.name: True} if {**filled, **told}.get(count.name) else told


def merged(base: Base, filled: Arguments) -> Arguments:
    """The call's arguments with the new ones; what is refused now is wanted no more."""
    slots = {slot.name: slot for slot in schema.slots(base.tool)}
    whole = {**base.arguments, **filled}
    for name, value in filled.items():
        if slots[name].excludes and isinstance(value, list):
            before = base.arguments.get(name) or []
            kept = {n: v for n, v in whole.items() if n == name or v not in value}
            whole = {**kept, name: list(dict.fromkeys([*before, *value]))}
    if any(slots[name].choices for name in filled):
        # Words of a name narrowed the old choice: "gummies" has no place in a search for flower.
        stale = {slot.name for slot in slots.values() if slot.kind == "words"} - set(filled)
        whole = {name: value for name, value in whole.items() if name not in stale}
    whole = accepted(list(slots.values()), whole, filled)
    return {name: value for name, value in whole.items() if value is not None and name in slots}


def _is_other(heard: Heard, tool: Tool, *, need: float) -> bool:
    """Whether the clause is plainly a wish for something else than this tool."""
    return heard.top.label != tool.name and heard.top.score >= need and len(heard.words) > SHORT


def _without_noes(words: Sequence[str], tool: Tool) -> Sequence[str]:
    """Without a no that opens a correction: "no for energy", and for a purchase also "no silver"."""
    at = 0
    while at < len(words) and words[at] in WORDS["noes"]:
        at += 1
    opens = tool.effect.needs_confirmation or (at < len(words) and words[at] in WORDS["empty"])
    return words[at:] if opens else words
