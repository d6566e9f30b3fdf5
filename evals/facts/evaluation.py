"""Judge what somebody's memory holds after each case: the current value, what is gone, what is kept."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evals.facts.cases import Case, Named, Turn
from foundation.sql import Ledger
from memory.conversations.models import Interaction
from memory.facts.learning import FactLearning
from memory.facts.models import Claim, Fact, Origin
from memory.facts.reader import StatementReader
from memory.facts.store import Facts

START = datetime(2026, 1, 5, 17, tzinfo=UTC)
END = START + timedelta(days=365)
"""When all of it is heard."""
GUESSED = 0.6

Held = Mapping[tuple[str, str], Sequence[str]]
"""Values by subject and predicate, the one that counts first."""


@dataclass(frozen=True)
class Verdict:
    case: Case
    current: bool
    """Whether each value that must hold comes first, and none that is gone is there."""
    retired: int
    """Unrelated facts that no longer hold."""
    kept: int
    """Unrelated facts there were."""
    invented: tuple[Named, ...]
    """Facts that the case does not have."""

    @property
    def is_right(self) -> bool:
        return self.current and not self.retired and not self.invented


@dataclass(frozen=True)
class Judged:
    verdicts: Sequence[Verdict]
    milliseconds: Sequence[float]
    """CPU of each turn that was learned."""


def judge(cases: Sequence[Case], reader: StatementReader, ledger: Ledger) -> Judged:
    """Each case is a customer of its own, all of them in one ledger."""
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
    return Judged(verdicts, spent)


def _learn(learning: FactLearning, facts: Facts, case: Case, turn: Turn, *, number: int) -> None:
    at = START + timedelta(days=turn.day)
    if turn.does is not None:
        claim = Claim(*turn.does, confidence=GUESSED, origin=Origin.BEHAVIOUR)
        facts.tell(case.id, [claim], source=None, at=at)
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
    rights = [
        not values.isdisjoint(held.get((subject, what), ()))
        and held[subject, what][0] in wanted[subject, what]
        for subject, what, values in case.current
    ]
    still = {(*key, value) for key, values in held.items() for value in values}
    lost = [each for each in case.kept if each not in still]
    expected = {(*each[:2], value) for each in case.current for value in each[2]} | set(case.kept)
    return Verdict(
        case,
        current=all(rights) and still.isdisjoint(case.gone),
        retired=len(lost),
        kept=len(case.kept),
        invented=tuple(sorted(still - expected - set(case.gone))),
    )


Ask = Callable[[str, str], Sequence[str]]
"""The memories of a customer that answer a question, the best first."""


def first_answers(cases: Sequence[Case], add: Callable[[str, str], None], ask: Ask) -> Iterator[bool]:
    """For a memory that keeps words: whether the first of them that bears on the question is the current one.

    It bears on it when it is the turn that said the value which holds, or one which is gone.
    """
    for case in cases:
        if not case.ask or any(turn.does for turn in case.turns):
            continue
        by_time = sorted(case.turns, key=lambda turn: turn.day)
        for turn in case.turns:
            add(case.id, turn.say)
        last = by_time[-1].say
        bearing = [text for text in ask(case.id, case.ask) if text in {turn.say for turn in by_time}]
        asides = {turn.say for turn in by_time[:-1] if _is_aside(turn, case)}
        first = next((text for text in bearing if text not in asides), None)
        yield first == last


def _is_aside(turn: Turn, case: Case) -> bool:
    words = turn.say.casefold()
    stems = {value.strip("$").casefold()[:4] for _, _, value in case.kept}
    return any(stem in words for stem in stems)
