"""Evaluate the facts that a memory holds after each case: current values, retired values, unrelated facts."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evals.facts.cases import Case, Named, Turn
from foundation.sql import Ledger
from memory.conversations.models import Interaction
from memory.facts.learning import FactLearning
from memory.facts.models import Assertion, Fact, Origin
from memory.facts.reader import AssertionReader
from memory.facts.store import Facts

START = datetime(2026, 1, 5, 17, tzinfo=UTC)
END = START + timedelta(days=365)
"""When the turns are learned."""
GUESS_CONFIDENCE = 0.6

Held = Mapping[tuple[str, str], Sequence[str]]
"""Values by subject and predicate, the newest first."""


@dataclass(frozen=True)
class Verdict:
    case: Case
    current: bool
    """Whether each value that must hold is first, and none is held that must not be."""
    retired: int
    """Number of unrelated facts that no longer hold."""
    kept: int
    """Number of unrelated facts stated."""
    invented: tuple[Named, ...]
    """Facts held that the case does not state."""

    @property
    def is_right(self) -> bool:
        return self.current and not self.retired and not self.invented


@dataclass(frozen=True)
class Evaluation:
    verdicts: Sequence[Verdict]
    milliseconds: Sequence[float]
    """CPU time of learning each turn."""


def evaluate(cases: Sequence[Case], reader: AssertionReader, ledger: Ledger) -> Evaluation:
    """Learn each case as a customer of its own, all in one ledger."""
    facts = Facts(ledger, now=lambda: END)
    learning = FactLearning(reader, facts)
    spent: list[float] = []
    verdicts = []
    for case in cases:
        for number, turn in enumerate(case.turns):
            started = time.process_time()
            _learn(learning, facts, case, turn, number=number)
            spent.append((time.process_time() - started) * 1000)
        verdicts.append(verdict(case, held(facts.current(case.id))))
    return Evaluation(verdicts, spent)


def _learn(learning: FactLearning, facts: Facts, case: Case, turn: Turn, *, number: int) -> None:
    at = START + timedelta(days=turn.day)
    if turn.does is not None:
        assertion = Assertion(*turn.does, confidence=GUESS_CONFIDENCE, origin=Origin.BEHAVIOUR)
        facts.record(case.id, [assertion], source=None, at=at)
        return
    learning.learn(
        Interaction(
            id=f"trn_{case.id}_{number}",
            customer_id=case.id,
            thread_id=f"thr_{case.id}",
            channel="chat",
            at=at,
            message=turn.say,
            response=turn.reply,
        )
    )


def held(facts: Sequence[Fact]) -> Held:
    values: dict[tuple[str, str], list[str]] = {}
    for fact in sorted(facts, key=lambda fact: fact.valid_from, reverse=True):
        values.setdefault((fact.subject, fact.predicate), []).append(fact.value.casefold())
    return values


def verdict(case: Case, held: Held) -> Verdict:
    wanted = {(subject, what): set[str]() for subject, what, _ in case.current}
    for subject, what, values in case.current:
        wanted[subject, what] |= values
    are_right = [
        not values.isdisjoint(held.get((subject, what), ()))
        and held[subject, what][0] in wanted[subject, what]
        for subject, what, values in case.current
    ]
    held_facts = {(*key, value) for key, values in held.items() for value in values}
    lost = [each for each in case.kept if each not in held_facts]
    expected = {(*each[:2], value) for each in case.current for value in each[2]} | set(case.kept)
    return Verdict(
        case,
        current=all(are_right) and held_facts.isdisjoint(case.gone),
        retired=len(lost),
        kept=len(case.kept),
        invented=tuple(sorted(held_facts - expected - set(case.gone))),
    )


Ask = Callable[[str, str], Sequence[str]]
"""The customer's memories for a question, best first."""


def first_answers(cases: Sequence[Case], add: Callable[[str, str], None], ask: Ask) -> Iterator[bool]:
    """For a memory of texts: whether its first relevant text is the one with the current value.

    A text is relevant if it is a turn that stated the value which holds, or one which no longer does.
    """
    for case in cases:
        if not case.ask or any(turn.does for turn in case.turns):
            continue
        by_time = sorted(case.turns, key=lambda turn: turn.day)
        for turn in case.turns:
            add(case.id, turn.say)
        last = by_time[-1].say
        relevant = [text for text in ask(case.id, case.ask) if text in {turn.say for turn in by_time}]
        unrelated = {turn.say for turn in by_time[:-1] if _is_unrelated(turn, case)}
        first = next((text for text in relevant if text not in unrelated), None)
        yield first == last


def _is_unrelated(turn: Turn, case: Case) -> bool:
    words = turn.say.casefold()
    stems = {value.strip("$").casefold()[:4] for _, _, value in case.kept}
    return any(stem in words for stem in stems)
