"""Questions about conversations of the generated shop, in other words than the conversations use."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demo.generator.config import ShopConfig
from demo.generator.shop import Shop, moment
from demo.generator.talk import exchanges
from memory.conversations.models import Speaker
from memory.retrieval.bm25 import words_of
from memory.retrieval.ranker import Line

LEAST_LINES = 200
"""Customers of the generated shop say little: those who follow each other are joined to one who says much."""
MOST_EVIDENCE = 4
"""A question that more lines answer tells little of a ranking."""
CUSTOMER, SHOP = Speaker.CUSTOMER, Speaker.SHOP


@dataclass(frozen=True)
class Lore:
    """What is asked about a line that fits; the last way to ask it is kept from training."""

    speaker: Speaker
    pattern: re.Pattern[str]
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    text: str
    evidence: tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A customer's whole talk and what is asked about it."""

    lines: tuple[Line, ...]
    queries: tuple[Query, ...]


def _lore(speaker: Speaker, pattern: str, *questions: str) -> Lore:
    return Lore(speaker, re.compile(pattern), questions)


LORE = (
    _lore(
        CUSTOMER,
        r"can't stand (?P<flavour>.+) flavors",
        "What taste do I dislike?",
        "Which tastes should you spare me?",
    ),
    _lore(
        CUSTOMER,
        r"and nothing (?P<flavour>\w+)\.",
        "What do I want none of?",
        "What did I ask you to remember?",
    ),
    _lore(CUSTOMER, r"I'm vegan", "Do I eat animal products?", "Why can't I have every candy?"),
    _lore(
        CUSTOMER,
        r"my husband: he likes (?P<flavour>.+) ones",
        "What does my partner enjoy?",
        "For whom else do I buy?",
    ),
    _lore(
        CUSTOMER, r"allergic to coconut", "Which ingredient makes me ill?", "What must never be in it for me?"
    ),
    _lore(CUSTOMER, r"night shifts", "When do I go to sleep?", "What are my working hours like?"),
    _lore(CUSTOMER, r"under thirty dollars", "What is my budget?", "How much am I willing to spend?"),
    _lore(CUSTOMER, r"moved closer", "Where do I live now?", "Why can I come by more easily?"),
    _lore(CUSTOMER, r"quit smoking", "Why do I not want a cartridge?", "Which habit have I given up?"),
    _lore(
        CUSTOMER,
        r"The (?P<product>.+) I bought was damaged",
        "Which thing was broken?",
        "What arrived in pieces?",
    ),
    _lore(
        CUSTOMER,
        r"My (?P<product>.+) arrived opened",
        "What had somebody unpacked before me?",
        "Which parcel was not closed?",
    ),
    _lore(
        CUSTOMER,
        r"the (?P<product>.+) was not what it used",
        "Which one got worse, I said?",
        "What disappointed me?",
    ),
    _lore(
        CUSTOMER,
        r"The seal on my (?P<product>.+) was broken",
        "Which packaging had been tampered with?",
        "What was not tight?",
    ),
    _lore(CUSTOMER, r"waited twenty minutes", "When was the service slow?", "How long did I stand in line?"),
    _lore(
        CUSTOMER,
        r"one (?P<product>.+) missing from my bag",
        "What did you forget to pack?",
        "Which item did I not get?",
    ),
    _lore(CUSTOMER, r"rather have a refund", "Did I want my money back?", "How should you have settled it?"),
    _lore(CUSTOMER, r"hear from someone today", "By when did I want an answer?", "When did I lose patience?"),
    _lore(CUSTOMER, r"camping", "What did I take on my trip?", "What did my friends outdoors ask about?"),
    _lore(CUSTOMER, r"My neighbor wants", "Who next door became interested?", "Whom did I tell of you?"),
    _lore(
        CUSTOMER, r"My sister visits", "Who in my family needed something?", "For which relative did I ask?"
    ),
    _lore(
        CUSTOMER,
        r"the (?P<product>.+) was wonderful",
        "Which one did I call the best?",
        "What was I happy with?",
    ),
    _lore(
        CUSTOMER,
        r"My usual is the (?P<product>.+)\. Anything",
        "What do I normally take?",
        "Which one is my standard?",
    ),
    _lore(CUSTOMER, r"don't like sugary", "Do I have a sweet tooth?", "What is too much for me in taste?"),
    _lore(
        CUSTOMER,
        r"How should I store the (?P<product>.+)\?",
        "What was I unsure how to keep?",
        "About what did I ask where to put it?",
    ),
    _lore(
        CUSTOMER,
        r"Can I take (?P<product>.+) on a plane",
        "What did I want to fly with?",
        "Which one should come on my travels?",
    ),
    _lore(CUSTOMER, r"go well with my medication", "Do I take pills?", "What about my health did I mention?"),
    _lore(CUSTOMER, r"my brother pick up", "Who was to collect my order?", "Whom did I want to send?"),
    _lore(
        CUSTOMER, r"open on Sundays", "Which day did I want to come?", "What did I ask about opening hours?"
    ),
    _lore(
        SHOP,
        r"(?P<other>.+) is a favorite for (?P<effect>[^:]+):",
        "What did you recommend for {effect}?",
        "Which one do people like for {effect}, you told me?",
    ),
    _lore(
        SHOP,
        r"For (?P<effect>.+) I would look at (?P<other>.+), \$",
        "What did you recommend for {effect}?",
        "How much is {other}?",
    ),
    _lore(SHOP, r"(?P<other>.+) and costs? \$", "What does it cost, you said?", "What price did you name?"),
    _lore(
        SHOP, r"seed is published", "How do you prove that a draw is honest?", "How can I check the lottery?"
    ),
    _lore(SHOP, r"Cool, dark, closed", "Where should I keep it?", "How did you say it stays fresh?"),
    _lore(SHOP, r"ask your doctor", "Who can tell me whether it mixes?", "What did you say about my pills?"),
    _lore(SHOP, r"ask the airline", "May I bring it aboard?", "Whom should I call before I fly?"),
    _lore(SHOP, r"10% off", "What would I save as a member?", "How large are the reductions?"),
    _lore(SHOP, r"Winners are told", "How would I learn that I won?", "When do you announce who won?"),
)


ECHOES = (
    ("What did I say about {one} and {two}?", 0),
    ("What did you answer about {one} and {two}?", 1),
)
"""Asked with words of the customer's line; how far behind it the line that is asked for stands."""
DATED = "What did I ask you on {day}?"
ECHOED = 6
"""Of so many lines of the customer one is asked about in its own words, and one by its day."""


def cases(seed: int, *, customers: int, is_training: bool) -> Iterator[Case]:
    """Talks of a generated shop with questions; none is asked in training that is asked otherwise."""
    for lines in _talks(seed, customers=customers):
        rng = np.random.default_rng([seed, len(lines), is_training])
        queries = (*_paraphrased(lines, is_training=is_training), *_echoed(lines, rng))
        if queries:
            yield Case(lines, queries)


def _talks(seed: int, *, customers: int) -> Iterator[tuple[Line, ...]]:
    config = ShopConfig(seed=seed, customers=customers)
    shop = Shop(config)
    for shard in shop.shards():
        lines: list[Line] = []
        for each in exchanges(shard.talks, shop.shelf):
            day = f"{moment(config, each.at):%-d %B %Y}"
            if each.turn == 0 and len(lines) >= LEAST_LINES:
                yield tuple(lines)
                lines = []
            lines += [
                Line(CUSTOMER, each.message, day, opens=each.turn == 0),
                Line(SHOP, each.response, day),
            ]


def _paraphrased(lines: Sequence[Line], *, is_training: bool) -> Iterator[Query]:
    evidence: defaultdict[str, set[int]] = defaultdict(set)
    for number, line in enumerate(lines):
        for lore in LORE:
            found = lore.pattern.search(line.text) if lore.speaker == line.speaker else None
            if found:
                for asked in lore.questions[:-1] if is_training else lore.questions[-1:]:
                    evidence[asked.format_map(found.groupdict())].add(number)
    return _answerable(evidence)


def _echoed(lines: Sequence[Line], rng: np.random.Generator) -> Iterator[Query]:
    said = [frozenset(words_of(line.text)) for line in lines]
    evidence: defaultdict[str, set[int]] = defaultdict(set)
    for number in range(0, len(lines), 2):
        if rng.integers(ECHOED) == 0:
            evidence[DATED.format(day=lines[number].day)] |= _on_day(lines, lines[number].day)
        if rng.integers(ECHOED) == 0 and len(said[number]) > 1:
            one, two = rng.choice(sorted(said[number]), size=2, replace=False).tolist()
            asked, behind = ECHOES[rng.integers(len(ECHOES))]
            holding = (place for place in range(0, len(lines), 2) if {one, two} <= said[place])
            evidence[asked.format(one=one, two=two)] |= {place + behind for place in holding}
    return _answerable(evidence)


def _on_day(lines: Sequence[Line], day: str) -> set[int]:
    return {number for number in range(0, len(lines), 2) if lines[number].day == day}


def _answerable(evidence: Mapping[str, set[int]]) -> Iterator[Query]:
    for text, answering in evidence.items():
        if len(answering) <= MOST_EVIDENCE:
            yield Query(text, tuple(sorted(answering)))
