"""Out of what each clause seemed to wish, what to act on: one plan for the whole message."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from agent.models.offline import clauses, references, schema
from agent.models.offline.clauses import WORDS
from agent.models.offline.schema import Slot
from agent.models.offline.slots import Arguments, Clue, Filler, accepted
from agent.models.offline.wishes import CERTAIN, LIKELY, SURE, Wish
from foundation.text.terms import Mention
from tools.base import Effect

SOCIAL = {"greeting", "thanks", "goodbye", "agree", "capabilities", "bot_question", "cancel"}
"""Said beside a wish, these ask for nothing."""
STORY = 3
"""Words that no argument takes, from which on a clause tells more than it wants."""
SHARED = {"both", "each", "either"}
OWN = {"count", "words"}
"""Kinds of slots that each of several things wanted may fill for itself."""
PUBLIC = "shop:read"
ATTACK, MINOR = "attack", "minor"
MINDED = {"medical", "legal", "complaint", "no_data"}
"""Said beside a wish, these still want a word."""


def grave(found: Sequence[Wish]) -> list[Wish]:
    """What must be refused before anything else is thought of; empty when nothing must."""
    for label in (ATTACK, MINOR):
        if any(wish.label == label and is_plain(wish, among=found) for wish in found):
            harmless = [wish for wish in found if _is_harmless(wish)]
            return [Wish(label), *(harmless if label == ATTACK else [])]
    return []


def _is_harmless(wish: Wish) -> bool:
    """A look at what anybody may see."""
    public = wish.tool is not None and wish.tool.scope == PUBLIC
    return public and wish.effect is Effect.READ and wish.score >= SURE


def calls(found: Sequence[Wish], filler: Filler) -> list[Wish]:
    """The calls that are plainly wished for, with what must be said beside them; empty when there is none."""
    present = [wish for wish in found if wish.is_headed or not WORDS["past"] & set(wish.clue.words)] or found
    strong = [wish for wish in present if wish.score >= SURE or (wish.is_headed and wish.score >= LIKELY)]
    if any(wish.tool and not _is_aside(wish) for wish in strong):
        strong = [wish for wish in strong if not _is_aside(wish)]
    strong = [wish for wish in present if wish in strong or _repeats(wish, strong, filler)]
    strong = [wish for wish in strong if not _tells_about(wish, strong, filler)]
    made = [wish for wish in strong if wish.tool]
    if not made:
        return []
    said = [wish for wish in strong if wish.label in MINDED and wish.score >= SURE]
    around = [wish for wish in found if wish not in made]
    varied = [each for wish in made for each in variants(_lent(wish, around, filler), filler)]
    return [*said, *_shared(_joined(varied))]


def _shared(wishes: Sequence[Wish]) -> list[Wish]:
    """What one clause asks of all of the look-ups before it: "…, both under 40"."""
    last = wishes[-1]
    if last.tool is None or not SHARED & set(last.clue.words):
        return list(wishes)
    amounts = {slot.name for slot in schema.slots(last.tool) if slot.kind == "money"}
    bounds = {name: value for name, value in last.arguments.items() if name in amounts}
    return [
        replace(wish, arguments={**bounds, **wish.arguments}) if wish.tool is last.tool else wish
        for wish in wishes
    ]


def _tells_about(wish: Wish, strong: Sequence[Wish], filler: Filler) -> bool:
    """The story before a look-up, which it only adds to: "no screens after 9, herbal tea. Any drops?"."""
    if wish.is_headed or wish.tool is None or wish.effect is not Effect.READ:
        return False
    says = clauses.remainder(wish.clue.words, filler.covers(schema.slots(wish.tool), wish.clue.words))
    return len(says) >= STORY and any(each.is_headed and each.tool is wish.tool for each in strong)


def _repeats(wish: Wish, strong: Sequence[Wish], filler: Filler) -> bool:
    """The look-up of another clause for something else, and nothing more: "…, and a grinder"."""
    if wish.tool is None or wish.effect is not Effect.READ or wish.score < LIKELY:
        return False
    slots = schema.slots(wish.tool)
    telling = {slot.name for slot in slots if slot.choices}
    says_more = clauses.remainder(wish.clue.words, filler.covers(slots, wish.clue.words))
    return not says_more and any(
        each.tool is wish.tool and telling & _differing(each, wish) for each in strong
    )


def best(found: Sequence[Wish]) -> Wish:
    """The likeliest, small talk last, and no refusal that is not sure."""
    fair = [wish for wish in found if wish.label not in (ATTACK, MINOR) or is_plain(wish, among=found)]
    return max(
        fair or [Wish("unclear", 0.0)],
        key=lambda wish: (wish.label not in SOCIAL or wish.score >= SURE, wish.score),
    )


def is_plain(wish: Wish, *, among: Sequence[Wish]) -> bool:
    """Sure enough to refuse: a sentence that only tells of somebody needs more than a demand."""
    if len(among) == 1:
        return wish.score >= (LIKELY if wish.is_headed else SURE)
    return wish.score >= (SURE if wish.is_headed else CERTAIN)


def variants(wish: Wish, filler: Filler) -> list[Wish]:
    """A look-up or a note wanted for two things at once, as two."""
    if wish.tool is None or wish.tool.effect.needs_confirmation:
        return [wish]
    for slot in schema.slots(wish.tool):
        mentions = filler.variants(slot, wish.clue)
        if len(mentions) > 1:
            return [replace(wish, arguments=each) for each in _each(wish, slot, mentions, filler)]
    return [wish]


def _each(wish: Wish, slot: Slot, mentions: Sequence[Mention], filler: Filler) -> Iterator[Arguments]:
    """The arguments for each: what is said before it is its own, but a count may be of all: "2 of both"."""
    words, start = wish.clue.words, 0
    kinds = OWN - {"count"} if SHARED & set(words) else OWN
    owns = [each for each in schema.slots(wish.tool) if each.kind in kinds] if wish.tool else []
    if len({mention.end for mention in mentions}) < len(mentions):
        owns = []
    common = {n: value for n, value in wish.arguments.items() if n not in {each.name for each in owns}}
    for mention in mentions:
        yield {**common, slot.name: mention.value, **filler.fill(owns, Clue(words[start : mention.end]))}
        start = mention.end


def _is_aside(wish: Wish) -> bool:
    """A like or dislike told beside a wish belongs to the wish: "I hate mint. Any gummies?"."""
    if wish.tool is None or wish.effect is not Effect.NOTE or WORDS["lasting"] & set(wish.clue.words):
        return False
    return any(slot.kind == "said" and slot.is_required for slot in schema.slots(wish.tool))


def _lent(wish: Wish, around: Sequence[Wish], filler: Filler) -> Wish:
    """The call, with what the sentences around it say: "I can't sleep. Any gummies?"."""
    slots = [slot for slot in schema.slots(wish.tool) if _is_lent(slot, wish)] if wish.tool else []
    lent: Arguments = {}
    if wish.effect is not Effect.READ:
        lent |= {
            name: v for other in around if other.tool is wish.tool for name, v in other.arguments.items()
        }
    names = {slot.name for slot in slots}
    words = wish.clue.words
    leans = references.points(words) or "some" in words or words[-1:] == ("any",)
    for other in around:
        if leans or other.is_headed or not WORDS["past"] & set(other.clue.words):
            lent |= filler.fill(slots, other.clue)
            lent |= {name: value for name, value in other.arguments.items() if name in names}
    return replace(wish, arguments=accepted(slots, {**lent, **wish.arguments}, wish.arguments))


def _is_lent(slot: Slot, wish: Wish) -> bool:
    """Any condition of a look-up; of a change, only a choice that it points to: "sign me up for that"."""
    if wish.effect is Effect.READ:
        return bool(slot.choices) or slot.kind == "money"
    return bool(slot.choices) and slot.name not in wish.arguments and references.points(wish.clue.words)


def _joined(wishes: Sequence[Wish]) -> list[Wish]:
    """One call of a tool where several clauses only add to each other."""
    joined: list[Wish] = []
    for wish in wishes:
        before = joined[-1] if joined and joined[-1].label == wish.label else None
        differing = _differing(before, wish) if before else set()
        if before and not differing:
            joined[-1] = replace(before, arguments={**before.arguments, **wish.arguments})
        elif before and _corrects(wish, differing):
            joined[-1] = wish
        elif wish.arguments not in [each.arguments for each in joined if each.label == wish.label]:
            joined.append(wish)
    return joined


def _differing(before: Wish, after: Wish) -> set[str]:
    return {name for name, value in after.arguments.items() if before.arguments.get(name, value) != value}


def _corrects(wish: Wish, differing: set[str]) -> bool:
    """A second choice for a purchase takes the place of the first: nobody joins two tiers."""
    if wish.tool is None or not wish.tool.effect.needs_confirmation:
        return False
    return any(slot.choices for slot in schema.slots(wish.tool) if slot.name in differing)
