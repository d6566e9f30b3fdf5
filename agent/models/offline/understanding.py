"""From a customer's message in its thread to the wishes it holds."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError

from agent.consent import decision
from agent.models.offline import clauses, context, references, safety, schema, settling
from agent.models.offline.clauses import WORDS, Clause
from agent.models.offline.context import Base, Past
from agent.models.offline.conversation import Exchange
from agent.models.offline.followups import FollowUps
from agent.models.offline.routing import Guess
from agent.models.offline.schema import Slot
from agent.models.offline.slots import Arguments, Clue, Filler
from agent.models.offline.wishes import (
    ARGUABLE,
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
from foundation.text.reader import Utterance
from foundation.text.terms import Mention
from tools.base import Effect, Tool

ASKING = 0.5
"""What is left of the score of a deed when the clause only asks how things are."""
RUNNERS_UP = 4
NARROWING = {"for", "under", "below", "with", "without", "between", "over", "around", "up"}
OWN = "own:"
"""How the scopes begin of what is the customer's alone."""
DEEPEST = 4
"""How many of our own questions back a message is followed."""
SHORT = 3
DOUBTED = {"out_of_scope": SURE, settling.ATTACK: LIKELY, settling.MINOR: LIKELY}
"""Refusals, and the score below which a look-up that the clause fills is the likelier."""
NEAR = {settling.ATTACK: 0.85, settling.MINOR: 0.85}


class Understanding:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._filler = Filler(desk.choices, desk.names)
        self._follow_ups = FollowUps(desk, self._filler)

    def wishes(self, exchanges: Sequence[Exchange], *, depth: int = 0) -> list[Wish]:
        """What the last exchange's message asks for, in the order it is to be done."""
        utterance = self._desk.read(exchanges[-1].words)
        refused = _refused(utterance)
        if refused:
            return [refused]
        earlier = exchanges[:-1] if depth <= DEEPEST else ()
        past = context.read_past(earlier, self._desk, reread=lambda: self.wishes(earlier, depth=depth + 1))
        found = self._found(utterance, past)
        settled = settling.grave(found) or settling.calls(found, self._filler)
        wishes = self._whole(settled, found, utterance, past) or self._unsettled(found, utterance, past)
        beside = [Base(wish.tool, wish.arguments) for wish in wishes if wish.tool]
        return [self._completed(wish, past, beside=beside) for wish in wishes]

    def _found(self, utterance: Utterance, past: Past) -> list[Wish]:
        """What each clause wishes for by itself or adds to the one before."""
        found: list[Wish] = []
        parts = self._parts(utterance.words, past)
        for part, before in zip(parts, [(), *parts], strict=False):
            heard = self._heard(part, utterance, past, alone=len(parts) == 1, first=part is parts[0])
            told = self._told_with(before, heard)
            if told and found[-1].score < SURE and found[-1].label != told.top.label:
                found[-1] = replace(found[-1], score=0.0)
            wish = self._wish(told or heard, past)
            added = self._follow_ups.added(wish, found[-1] if found else None)
            found = [*found[:-1], added] if added else [*found, wish]
        return found

    def _told_with(self, before: Clause, heard: Heard) -> Heard | None:
        """The clause as it is meant after the one before, where that makes it plainer: "… get it back?"."""
        points = references.points(heard.words)
        leans = points or clauses.asks(heard.words) or clauses.is_cued(heard.words)
        if not before or not leans or heard.top.score >= (CERTAIN if points else SURE) or heard.clue.named:
            return None
        ranked = self._ranked((*before, *heard.words))
        tool = self._desk.tools.get(ranked[0].label)
        return replace(heard, ranked=ranked) if tool and ranked[0].score > heard.top.score else None

    def _parts(self, words: Sequence[str], past: Past) -> list[Clause]:
        """The clauses, without those that only lead up to the next: "sorry,", "I like the first one,"."""
        parts = clauses.split(words, nouns=self._desk.choices.nouns)
        kept: list[Clause] = []
        carried: Clause = ()
        for part, after in zip(parts, [*parts[1:], ()], strict=True):
            if after and self._leads_to(after, part, past):
                carried = (*carried, *part, ",")
            elif not (after and self._only_names(part, past) and references.points(after)):
                kept.append((*carried, *part))
                carried = ()
        return kept or parts

    def _leads_to(self, after: Clause, part: Clause, past: Past) -> bool:
        """Whether the clause only opens the next one: "sorry,", "the first one, 2 tickets"."""
        if not clauses.remainder(part, set()) and clauses.is_cued(part):
            return True
        return self._only_names(part, past) and self._wants(after, past.shelf.kind)

    def _only_names(self, part: Clause, past: Past) -> bool:
        item = references.point(part, past.shelf, choices=self._desk.choices)
        return item is not None and not clauses.begins_wish(part)

    def _wants(self, part: Clause, kind: str | None) -> bool:
        """Whether the clause wishes for something that needs such a thing, and names none: "2 tickets"."""
        tool = self._desk.tools.get(self._ranked(part)[0].label)
        if tool is None or kind is None or references.points(part):
            return False
        return schema.find(tool, kind) is not None and not self._desk.names.best(part, kind=kind)

    def _heard(self, part: Clause, utterance: Utterance, past: Past, *, alone: bool, first: bool) -> Heard:
        raw = utterance.raw if alone else " ".join(part)
        clue = Clue(part, raw, self._named(part, utterance, past))
        is_cued = clauses.is_cued(utterance.words if first else part)
        return Heard(clue, self._ranked(part), is_cued)

    def _named(self, part: Clause, utterance: Utterance, past: Past) -> dict[str, list[Mention]]:
        """The things shown, or named earlier in the message, that the clause points to."""
        items = references.point_all(part, past.shelf, choices=self._desk.choices)
        if not items and references.points(part):
            before = _before(part, utterance.words)
            shown = references.point(before, past.shelf, choices=self._desk.choices)
            if shown is None:
                return self._named_before(part, before)
            items = {shown: 0}
        if not items:
            return {}
        first = next(iter(items))
        kind = self._desk.names.kind_of(first.id) or first.kind
        return {kind: [Mention(item.id, at, at + 1) for item, at in items.items()]}

    def _named_before(self, part: Clause, before: Sequence[str]) -> dict[str, list[Mention]]:
        for kind in self._desk.kinds():
            named = self._desk.names.all(before, kind=kind)
            if named and not self._desk.names.best(part, kind=kind):
                return {kind: [named[-1][1]]}
        return {}

    def _ranked(self, part: Clause) -> list[Guess]:
        """The router's guesses, with what the form of the clause says against them."""
        guesses = self._desk.router.rank(self._canonical(part), self._desk.marks.of(part))
        if clauses.asks(part):
            acting = {tool.name for tool in self._desk.tools.values() if tool.effect is not Effect.READ}
            guesses = [replace(g, score=g.score * ASKING) if g.label in acting else g for g in guesses]
        return sorted(guesses, key=lambda guess: -guess.score)

    def _canonical(self, part: Clause) -> str:
        """The clause with names and ids of things as their kind, so that examples need not know them."""
        words = [
            f"the {kind}" if (kind := self._desk.kind_of(word)) else word for word in safety.masked(part)
        ]
        for kind in self._desk.kinds():
            for _, mention in reversed(self._desk.names.all(words, kind=kind)):
                the = [] if words[mention.start - 1 : mention.start] == ["the"] else ["the"]
                rest = words[mention.end :]
                words = [*words[: mention.start], *the, kind, *(rest[1:] if rest[:1] == [kind] else rest)]
        return " ".join(words)

    def _wish(self, heard: Heard, past: Past) -> Wish:
        if safety.presumes(heard.words) or safety.is_anothers(heard.words):
            return Wish(settling.ATTACK, SURE, clue=heard.clue)
        return self._follow_ups.find(heard, past) or self._own(heard)

    def _own(self, heard: Heard) -> Wish:
        """What the clause wishes for by itself."""
        headed = self._stands_alone(heard.words)
        tool = self._desk.tools.get(heard.top.label)
        if tool is None and heard.top.score < DOUBTED.get(heard.top.label, 0):
            tool, _ = self._runner_up(heard, near=NEAR.get(heard.top.label, 0)) or (None, {})
        if tool is None:
            return Wish(heard.top.label, heard.top.score, clue=heard.clue, is_headed=headed)
        filled = self._filler.fill(schema.slots(tool), heard.clue)
        if tool.effect is Effect.READ and not is_complete(tool, filled):
            tool, filled = self._runner_up(heard) or (tool, filled)
        wants = headed or clauses.asks(heard.words)
        is_written = schema.find(tool, "query") is not None
        if wants and not is_written and safety.asks_of_another(heard.words, own=tool.scope.startswith(OWN)):
            return Wish(settling.ATTACK, SURE, clue=heard.clue, is_headed=headed)
        if not filled and self._strangers(heard.words, tool):
            return Wish("out_of_scope", heard.top.score, clue=heard.clue)
        says_which = tool.effect is Effect.NOTE and bool(heard.clue.named)
        score = POSSIBLE if says_which else heard.top.score
        return replace(call(tool, filled, heard.clue), score=score, is_headed=headed)

    def _stands_alone(self, words: Sequence[str]) -> bool:
        """Begins as a wish does, or with what is wanted: "vapes for focus"."""
        names_it = len(words) > 1 and words[1] in NARROWING and words[0] in self._desk.choices.nouns
        return (names_it or clauses.begins_wish(words)) and not WORDS["past"] & set(words)

    def _runner_up(self, heard: Heard, *, near: float = 0) -> tuple[Tool, Arguments] | None:
        """Another look-up that the clause does fill, where the likeliest would have to ask.

        near: the least share of the likeliest's score that it must have.
        """
        least = max(ARGUABLE, near * heard.top.score)
        for guess in heard.ranked[1:RUNNERS_UP]:
            tool = self._desk.tools.get(guess.label)
            if tool is None or tool.effect is not Effect.READ or guess.score < least:
                continue
            filled = self._filler.fill(schema.slots(tool), heard.clue)
            if is_complete(tool, filled) and says_something(tool, filled):
                return tool, filled
        return None

    def _strangers(self, words: Sequence[str], tool: Tool) -> list[str]:
        """Words that say what is wanted and that no example knows: "do you sell vodka"."""
        named = any(slot.kind == "words" or slot.is_required for slot in schema.slots(tool))
        if not named or references.points(words) or WORDS["anything"] & set(words):
            return []
        left = clauses.remainder(words, self._filler.covers(schema.slots(tool), words))
        return [word for word in left if word not in self._desk.router.words]

    def _whole(
        self, settled: Sequence[Wish], found: Sequence[Wish], utterance: Utterance, past: Past
    ) -> Sequence[Wish]:
        """What is settled or, where its one look-up lacks something, what the message says as a whole."""
        one = settled[0] if len(settled) == 1 else None
        if one is None or one.tool is None or len(found) == 1 or one.effect is not Effect.READ or past.bases:
            return settled
        if not self._completed(one, past, beside=()).asks:
            return settled
        heard = self._heard(utterance.words, utterance, past, alone=True, first=True)
        whole = self._own(heard)
        return [whole] if whole.tool and is_complete(whole.tool, whole.arguments) else settled

    def _unsettled(self, found: Sequence[Wish], utterance: Utterance, past: Past) -> list[Wish]:
        """No clause is plainly a call: the best of them, or the message as a whole, if good enough."""
        best = settling.best(found)
        if best.label == "agree" and best.score >= LIKELY:
            takes_back = clauses.is_cued(utterance.words) and "no" in utterance.words
            return [Wish("cancel")] if takes_back else self._agreed(utterance, past)
        if best.score < SURE and best.clue.words != utterance.words:
            whole = self._wish(self._heard(utterance.words, utterance, past, alone=True, first=True), past)
            best = max(best, whole, key=lambda wish: wish.score)
        if best.score >= self._least(best):
            return settling.variants(best, self._filler)
        return [Wish("unclear" if len(utterance.words) <= SHORT else "out_of_scope")]

    def _least(self, wish: Wish) -> float:
        """The score to act on: a filled look-up needs less, and words that nobody knows are no wish."""
        if self._desk.router.words.keys().isdisjoint(wish.clue.words):
            return CERTAIN
        filled = wish.tool is not None and says_something(wish.tool, wish.arguments)
        return ARGUABLE if filled and wish.effect is Effect.READ else POSSIBLE

    def _agreed(self, utterance: Utterance, past: Past) -> list[Wish]:
        """What a yes means here.

        A plain one never comes here while its question waits: then the question is gone, and asked afresh.
        """
        if past.offered:
            wishes = self.wishes([Exchange(past.offered)])
            return [_about(wish, past.told) for wish in wishes]
        if past.pending and decision(" ".join(utterance.words)) == "confirm":
            return [call(past.pending.tool, past.pending.arguments, Clue())]
        if past.pending:
            return [Wish("plain_yes")]
        return [Wish("agree")]

    def _completed(self, wish: Wish, past: Past, *, beside: Sequence[Base]) -> Wish:
        """The wish with what goes without saying, and the first thing it lacks."""
        if wish.tool is None:
            return wish
        arguments = _taken(wish.tool, wish.arguments)
        missing: Slot | None = None
        for slot in schema.slots(wish.tool):
            if slot.is_required and slot.name not in arguments:
                points = references.points(wish.clue.words)
                known = self._understood(slot, [*beside, *(past.bases[:1] if points else ())])
                if known is None:
                    missing = missing or slot
                else:
                    arguments[slot.name] = known
        named = missing is not None and bool(self._desk.names.of_kind(missing.kind))
        lists = self._desk.lister(missing) if missing and named else None
        return replace(wish, arguments=arguments, asks=missing, lists=lists)

    def _understood(self, slot: Slot, bases: Sequence[Base]) -> str | None:
        """The thing that goes without saying: the only one there is, or what these calls are about."""
        known = self._desk.names.of_kind(slot.kind)
        if len(known) == 1:
            return known[0].id
        same = ((base, schema.find(base.tool, slot.kind)) for base in bases if known)
        return next((base.arguments[s.name] for base, s in same if s and s.name in base.arguments), None)


def _refused(utterance: Utterance) -> Wish | None:
    """What is answered without reading further."""
    if not any(word.isalnum() for word in utterance.words):
        return Wish("empty")
    if safety.names_somebody(utterance.words) or safety.forges(utterance.raw):
        return Wish(settling.ATTACK)
    young = safety.is_underage(utterance.words, spanish=utterance.is_spanish)
    return Wish(settling.MINOR) if young else None


def _taken(tool: Tool, arguments: Arguments) -> Arguments:
    """The arguments without those that the tool would refuse, so that they are asked for."""
    try:
        tool.arguments.model_validate(arguments)
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
        return {name: value for name, value in arguments.items() if name not in wrong}
    return dict(arguments)


def _about(wish: Wish, told: str) -> Wish:
    """The wish with the customer's own words before it, where it has a place for them."""
    said = [slot for slot in schema.slots(wish.tool) if slot.kind == "said"] if wish.tool else []
    return replace(wish, arguments={**wish.arguments, **{slot.name: told[: slot.longest] for slot in said}})


def _before(part: Clause, words: Sequence[str]) -> Sequence[str]:
    """What the message says before this clause."""
    starts = (at for at in range(len(words)) if tuple(words[at : at + len(part)]) == part)
    return words[: next(starts, 0)]
