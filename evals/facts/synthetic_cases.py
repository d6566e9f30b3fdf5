"""Synthetic cases: contradictions, corrections, reversals, late turns, guesses, turns without a statement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from evals.facts.cases import Case, Named, Turn

CUSTOMER = "customer"
Change = tuple[tuple[str, str], tuple[str, str]]
"""Old and new value, each as worded by the customer and as stored."""
REPLY = "Noted. I will keep that in mind."


@dataclass(frozen=True)
class Topic:
    """A single-valued predicate, with sentences that state, correct and change its value."""

    predicate: str
    ask: str
    values: Sequence[tuple[str, str]]
    """Wording and stored value."""
    first: str
    again: str
    corrected: str


TOPICS = (
    Topic(
        "budget",
        "What is my budget?",
        [("$40", "$40"), ("60 dollars", "$60"), ("$85", "$85"), ("120 bucks", "$120"), ("$24.50", "$24.50")],
        "My budget is {}.",
        "Things changed, my budget is {} now.",
        "Sorry, I meant {} for my budget.",
    ),
    Topic(
        "lives in",
        "Where do I live?",
        [
            ("Austin", "Austin"),
            ("San Marcos", "San Marcos"),
            ("Laredo", "Laredo"),
            ("Fort Worth", "Fort Worth"),
            ("El Paso", "El Paso"),
        ],
        "I live in {}.",
        "I just moved to {}.",
        "Actually, I live in {}.",
    ),
    Topic(
        "preferred category",
        "Which kind of product do I prefer?",
        [("edibles", "edible"), ("tinctures", "tincture"), ("vapes", "vape"), ("creams", "topical")],
        "I prefer {}.",
        "I have switched to {}.",
        "No, I prefer {}.",
    ),
    Topic(
        "preferred flavour",
        "Which flavor do I prefer?",
        [("mint", "mint"), ("berry", "berry"), ("lemon", "citrus"), ("cinnamon", "spicy")],
        "My favorite flavor is {}.",
        "{} is my new favorite.",
        "Actually my favorite flavor is {}.",
    ),
    Topic(
        "preferred channel",
        "How do I want to hear from you?",
        [("email", "email"), ("text", "text"), ("phone call", "phone")],
        "I'd rather get a {}.",
        "From today on I would rather get a {}.",
        "No, I'd rather get a {}.",
    ),
)
UNRELATED: Sequence[tuple[str, Named]] = (
    ("I'm allergic to peanuts.", (CUSTOMER, "allergic to", "peanut")),
    ("I'm vegan.", (CUSTOMER, "diet", "vegan")),
    ("I don't like anything piney.", (CUSTOMER, "dislikes", "pine")),
    ("My mother is allergic to soy.", ("mother", "allergic to", "soy")),
    ("I use it for my back pain.", (CUSTOMER, "uses for", "relief")),
    ("I love chocolate.", (CUSTOMER, "likes", "edible")),
)
TASTES = (
    ("gummies", "edible"),
    ("vapes", "vape"),
    ("mint", "mint"),
    ("berry", "berry"),
    ("oils", "tincture"),
)
REVERSALS = (
    "I don't like {} any more.",
    "I can't stand {} these days.",
    "I've gone off {}.",
    "I'm sick of {}.",
)
RETRACTIONS = (
    ("I'm allergic to citrus.", "I'm not allergic to citrus after all.", "allergic to", "citrus"),
    ("I'm allergic to walnuts.", "I'm no longer allergic to walnuts.", "allergic to", "walnut"),
    ("I'm vegan.", "I'm no longer vegan.", "diet", "vegan"),
    ("My budget is $40.", "I no longer have a budget.", "budget", "$40"),
    ("I live in Austin.", "I don't live in Austin any more.", "lives in", "austin"),
)
NO_STATEMENTS = (
    "What is my budget?",
    "Do you think I'm allergic to citrus?",
    "If I were vegan, what could I eat?",
    "Suppose my budget is 300.",
    "You said I prefer vapes.",
    'The label says "I am allergic to nuts".',
    "My dog is allergic to chicken.",
    "Maybe I like mint.",
    "My neighbor said I live in Dallas.",
    "Would I like tinctures?",
    "What if my favorite flavor is mint?",
    "Show me vapes under 40.",
    "Put the gummies in my cart.",
    "I might move to Houston.",
    "Imagine I live in Paris.",
    "¿Soy alérgica a la menta?",
    "I wish I lived in Austin.",
    "I'm not allergic to anything.",
)
ECHOES = (
    ("ok", "You are allergic to citrus, I have noted it."),
    ("thanks", "Since you prefer vapes, here is one. Your budget is $40."),
    ("tell me more", "You told me that you live in Austin and like mint."),
)


def cases() -> list[Case]:
    made = [
        *_contradictions(),
        *_corrections(),
        *_flips(),
        *_late(),
        *_tastes(),
        *_guesses(),
        *_retractions(),
    ]
    nothing = [
        Case(f"nothing-{n}", "nothing", (Turn(0, text, REPLY),)) for n, text in enumerate(NO_STATEMENTS)
    ]
    echoed = [Case(f"echo-{n}", "nothing", (Turn(0, *pair),)) for n, pair in enumerate(ECHOES)]
    return [*made, *nothing, *echoed]


def _pairs() -> Iterator[tuple[Topic, tuple[str, str], tuple[str, str], tuple[str, Named]]]:
    number = 0
    for topic in TOPICS:
        for old, new in permutations(topic.values, 2):
            yield topic, old, new, UNRELATED[number % len(UNRELATED)]
            number += 1


def _contradictions() -> Iterator[Case]:
    for n, (topic, old, new, (aside, kept)) in enumerate(_pairs()):
        turns = (topic.first.format(old[0]), aside, topic.again.format(new[0]))
        yield _case(f"contradiction-{n}", topic, turns, change=(old, new), kept=[kept])


def _corrections() -> Iterator[Case]:
    for n, (topic, old, new, (aside, kept)) in enumerate(_pairs()):
        turns = (aside, topic.first.format(old[0]), topic.corrected.format(new[0]))
        yield _case(f"correction-{n}", topic, turns, change=(old, new), kept=[kept])


def _flips() -> Iterator[Case]:
    """Two values that alternate three times."""
    for n, topic in enumerate(TOPICS):
        old, new = topic.values[:2]
        said = [topic.first.format(each[0]) for _ in range(3) for each in (old, new)]
        yield _case(f"flip-{n}", topic, said, change=(old, new))


def _late() -> Iterator[Case]:
    """The older turn is learned last, as with e-mail."""
    for n, topic in enumerate(TOPICS):
        old, new = topic.values[1], topic.values[2]
        turns = (Turn(5, topic.again.format(new[0]), REPLY), Turn(1, topic.first.format(old[0]), REPLY))
        right, wrong = (CUSTOMER, topic.predicate, frozenset({new[1].casefold()})), _gone(topic, old)
        yield Case(f"late-{n}", "late", turns, (right,), (wrong,), ask=topic.ask)


def _tastes() -> Iterator[Case]:
    for n, (said, kept) in enumerate(TASTES):
        for m, reversal in enumerate(REVERSALS):
            other_said, other = TASTES[(n + 1) % len(TASTES)]
            says = (f"I love {said}.", f"I really like {other_said}.", reversal.format(said))
            yield Case(
                f"taste-{n}-{m}",
                "taste",
                tuple(Turn(day, text, REPLY) for day, text in enumerate(says)),
                ((CUSTOMER, "dislikes", frozenset({kept})),),
                gone=((CUSTOMER, "likes", kept),),
                kept=((CUSTOMER, "likes", other),),
                ask=f"Do I like {said}?",
            )


def _guesses() -> Iterator[Case]:
    """A statement outweighs assertions by behaviour, before and after it."""
    topic = next(each for each in TOPICS if each.predicate == "preferred category")
    for n, (guessed, stated) in enumerate(permutations(topic.values, 2)):
        guess = Turn(0, does=(topic.predicate, guessed[1]))
        statement = Turn(1, topic.corrected.format(stated[0]), REPLY)
        again = Turn(2, does=(topic.predicate, guessed[1]))
        right, wrong = (CUSTOMER, topic.predicate, frozenset({stated[1]})), _gone(topic, guessed)
        yield Case(f"guess-{n}", "guess", (guess, statement, again), (right,), (wrong,), ask=topic.ask)


def _retractions() -> Iterator[Case]:
    for n, (said, retraction, predicate, value) in enumerate(RETRACTIONS):
        aside, kept = UNRELATED[(n + 2) % len(UNRELATED)]
        turns = tuple(Turn(day, text, REPLY) for day, text in enumerate((said, aside, retraction)))
        yield Case(f"back-{n}", "taken back", turns, (), ((CUSTOMER, predicate, value),), (kept,))


def _case(
    name: str, topic: Topic, says: Sequence[str], *, change: Change, kept: Sequence[Named] = ()
) -> Case:
    old, new = change
    turns = tuple(Turn(day, text, REPLY) for day, text in enumerate(says))
    right = (CUSTOMER, topic.predicate, frozenset({new[1].casefold()}))
    kind = name.partition("-")[0]
    return Case(name, kind, turns, (right,), (_gone(topic, old),), tuple(kept), ask=topic.ask)


def _gone(topic: Topic, value: tuple[str, str]) -> Named:
    return CUSTOMER, topic.predicate, value[1].casefold()
