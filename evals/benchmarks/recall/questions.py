"""Questions about conversations of the generated shop, paraphrased from the conversations' own words."""

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

MIN_LINES = 200
"""Customers of the generated shop say little, so consecutive ones are joined to one long conversation."""
MAX_EVIDENCE = 4
"""A question answered by more lines says little about a ranking."""
CUSTOMER, SHOP = Speaker.CUSTOMER, Speaker.SHOP


@dataclass(frozen=True)
class Template:
    """Questions about a matching line; the last wording is held out from training."""

    speaker: Speaker
    pattern: re.Pattern[str]
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    text: str
    evidence: tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A customer's conversation and the questions about it."""

    lines: tuple[Line, ...]
    queries: tuple[Query, ...]


def _template(speaker: Speaker, pattern: str, *questions: str) -> Template:
    return Template(speaker, re.compile(pattern), questions)


TEMPLATES = (
    _template(
        CUSTOMER,
        r"can't stand (?P<flavour>.+) flavors",
        "What taste do I dislike?",
        "Which tastes should you spare me?",
    ),
    _template(
        CUSTOMER,
        r"and nothing (?P<flavour>\w+)\.",
        "What do I want none of?",
        "What did I ask you to remember?",
    ),
    _template(CUSTOMER, r"I'm vegan", "Do I eat animal products?", "Why can't I have every candy?"),
    _template(
        CUSTOMER,
        r"my husband: he likes (?P<flavour>.+) ones",
        "What does my partner enjoy?",
        "For whom else do I buy?",
    ),
    _template(
        CUSTOMER, r"allergic to coconut", "Which ingredient makes me ill?", "What must never be in it for me?"
    ),
    _template(CUSTOMER, r"night shifts", "When do I go to sleep?", "What are my working hours like?"),
    _template(CUSTOMER, r"under thirty dollars", "What is my budget?", "How much am I willing to spend?"),
    _template(CUSTOMER, r"moved closer", "Where do I live now?", "Why can I come by more easily?"),
    _template(CUSTOMER, r"quit smoking", "Why do I not want a cartridge?", "Which habit have I given up?"),
    _template(
        CUSTOMER,
        r"The (?P<product>.+) I bought was damaged",
        "Which thing was broken?",
        "What arrived in pieces?",
    ),
    _template(
        CUSTOMER,
        r"My (?P<product>.+) arrived opened",
        "What had somebody unpacked before me?",
        "Which parcel was not closed?",
    ),
    _template(
        CUSTOMER,
        r"the (?P<product>.+) was not what it used",
        "Which one got worse, I said?",
        "What disappointed me?",
    ),
    _template(
        CUSTOMER,
        r"The seal on my (?P<product>.+) was broken",
        "Which packaging had been tampered with?",
        "What was not tight?",
    ),
    _template(
        CUSTOMER, r"waited twenty minutes", "When was the service slow?", "How long did I stand in line?"
    ),
    _template(
        CUSTOMER,
        r"one (?P<product>.+) missing from my bag",
        "What did you forget to pack?",
        "Which item did I not get?",
    ),
    _template(
        CUSTOMER, r"rather have a refund", "Did I want my money back?", "How should you have settled it?"
    ),
    _template(
        CUSTOMER, r"hear from someone today", "By when did I want an answer?", "When did I lose patience?"
    ),
    _template(CUSTOMER, r"camping", "What did I take on my trip?", "What did my friends outdoors ask about?"),
    _template(CUSTOMER, r"My neighbor wants", "Who next door became interested?", "Whom did I tell of you?"),
    _template(
        CUSTOMER, r"My sister visits", "Who in my family needed something?", "For which relative did I ask?"
    ),
    _template(
        CUSTOMER,
        r"the (?P<product>.+) was wonderful",
        "Which one did I call the best?",
        "What was I happy with?",
    ),
    _template(
        CUSTOMER,
        r"My usual is the (?P<product>.+)\. Anything",
        "What do I normally take?",
        "Which one is my standard?",
    ),
    _template(
        CUSTOMER, r"don't like sugary", "Do I have a sweet tooth?", "What is too much for me in taste?"
    ),
    _template(
        CUSTOMER,
        r"How should I store the (?P<product>.+)\?",
        "What was I unsure how to keep?",
        "About what did I ask where to put it?",
    ),
    _template(
        CUSTOMER,
        r"Can I take (?P<product>.+) on a plane",
        "What did I want to fly with?",
        "Which one should come on my travels?",
    ),
    _template(
        CUSTOMER, r"go well with my medication", "Do I take pills?", "What about my health did I mention?"
    ),
    _template(CUSTOMER, r"my brother pick up", "Who was to collect my order?", "Whom did I want to send?"),
    _template(
        CUSTOMER, r"open on Sundays", "Which day did I want to come?", "What did I ask about opening hours?"
    ),
    _template(
        SHOP,
        r"(?P<other>.+) is a favorite for (?P<effect>[^:]+):",
        "What did you recommend for {effect}?",
        "Which one do people like for {effect}, you told me?",
    ),
    _template(
        SHOP,
        r"For (?P<effect>.+) I would look at (?P<other>.+), \$",
        "What did you recommend for {effect}?",
        "How much is {other}?",
    ),
    _template(
        SHOP, r"(?P<other>.+) and costs? \$", "What does it cost, you said?", "What price did you name?"
    ),
    _template(
        SHOP, r"seed is published", "How do you prove that a draw is honest?", "How can I check the lottery?"
    ),
    _template(SHOP, r"Cool, dark, closed", "Where should I keep it?", "How did you say it stays fresh?"),
    _template(
        SHOP, r"ask your doctor", "Who can tell me whether it mixes?", "What did you say about my pills?"
    ),
    _template(SHOP, r"ask the airline", "May I bring it aboard?", "Whom should I call before I fly?"),
    _template(SHOP, r"10% off", "What would I save as a member?", "How large are the reductions?"),
    _template(SHOP, r"Winners are told", "How would I learn that I won?", "When do you announce who won?"),
)


ECHOES = (
    ("What did I say about {one} and {two}?", 0),
    ("What did you answer about {one} and {two}?", 1),
)
"""Questions in words of the customer's line, with the offset of the line that answers."""
DATED = "What did I ask you on {day}?"
ECHOED = 6
"""One in so many of the customer's lines gets a question in its own words, and one by its day."""


def cases(seed: int, *, customers: int, is_training: bool) -> Iterator[Case]:
    """Conversations of a generated shop with questions; training and evaluation use other wordings."""
    for lines in _conversations(seed, customers=customers):
        rng = np.random.default_rng([seed, len(lines), is_training])
        queries = (*_paraphrased(lines, is_training=is_training), *_echoed(lines, rng))
        if queries:
            yield Case(lines, queries)


def _conversations(seed: int, *, customers: int) -> Iterator[tuple[Line, ...]]:
    config = ShopConfig(seed=seed, customers=customers)
    shop = Shop(config)
    for shard in shop.shards():
        lines: list[Line] = []
        for each in exchanges(shard.talks, shop.shelf):
            day = f"{moment(config, each.at):%-d %B %Y}"
            if each.turn == 0 and len(lines) >= MIN_LINES:
                yield tuple(lines)
                lines = []
            lines += [
                Line(CUSTOMER, each.message, day, opens=each.turn == 0),
                Line(SHOP, each.response, day),
            ]


def _paraphrased(lines: Sequence[Line], *, is_training: bool) -> Iterator[Query]:
    evidence: defaultdict[str, set[int]] = defaultdict(set)
    for number, line in enumerate(lines):
        for template in TEMPLATES:
            found = template.pattern.search(line.text) if template.speaker == line.speaker else None
            if found:
                for asked in template.questions[:-1] if is_training else template.questions[-1:]:
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
        if len(answering) <= MAX_EVIDENCE:
            yield Query(text, tuple(sorted(answering)))
