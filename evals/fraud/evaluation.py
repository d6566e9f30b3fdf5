"""One world judged attempt by attempt: by the shop's score, and by what is usually done instead."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score

from commerce.fraud.models import Attempt, History, Subject
from commerce.fraud.scoring import score
from commerce.fraud.signals import PERSONAL, Signals, signals, surprise
from evals.fraud.dataset import Memory, World
from evals.fraud.incidents import KINDS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TREES = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    world: World
    scores: Floats
    others: Mapping[str, Floats]
    """The scores of other ways, by their names."""
    alike: Floats
    """The shop's score where cards are told by their looks alone."""
    microseconds: Floats
    """CPU of each assessment: signals and score, without what brings the history."""

    def precision(self, scores: Floats, kind: str | None = None) -> float:
        """Average precision; of one kind, against the innocent alone."""
        is_fraud = self.world.is_fraud
        of = is_fraud if kind is None else self.world.of_kind(kind)
        judged = of | ~is_fraud
        return float(average_precision_score(of[judged], scores[judged]))

    def caught(self, review_from: float) -> float:
        """The share of incidents of which at least one attempt is reviewed."""
        incident = self.world.incident
        seen = np.unique(incident[(self.scores >= review_from) & self.world.is_fraud])
        return len(seen) / len(np.unique(incident[self.world.is_fraud]))

    def troubled(self, review_from: float) -> float:
        """The share of innocent attempts that are reviewed."""
        return float((self.scores[~self.world.is_fraud] >= review_from).mean())

    def calibration_error(self) -> float:
        """How far the score is from the share of fraud, on average over ten bins of scores."""
        bins = np.minimum(9, (self.scores * 10).astype(int))
        size = np.bincount(bins, minlength=10)
        gap = np.bincount(bins, self.scores - self.world.is_fraud, minlength=10)
        return float(np.abs(gap).sum() / size.sum())

    def by_kind(self) -> dict[str, float]:
        return {kind: self.precision(self.scores, kind) for kind in KINDS}


def judge(world: World, *, seed: int) -> Judged:
    """In the order of time, each attempt by what came before it alone; only the forest sees all at once."""
    memory, scores, alike, spent = Memory(), [], [], []
    vectors: list[list[float]] = []
    counts: list[tuple[int, int, float]] = []
    for attempt in world.attempts:
        history = memory.history(attempt)
        started = time.thread_time()
        seen = signals(attempt, history)
        scores.append(score(seen))
        spent.append((time.thread_time() - started) * 1e6)
        alike.append(score(replace(seen, doubtful=frozenset({Subject.CARD}))))
        vectors.append(list(seen.vector().values()))
        counts.append((_count(attempt, history, HOUR), _count(attempt, history, DAY), _own_rate(seen)))
        memory.add(attempt)
    hour, day, own = np.array(counts, dtype=float).T
    forest = IsolationForest(n_estimators=TREES, random_state=seed).fit(np.array(vectors))
    others = {
        "count in an hour": hour,
        "count in a day": day,
        "own rate alone": own,
        "isolation forest": -forest.score_samples(np.array(vectors)),
    }
    return Judged(world, np.array(scores), others, np.array(alike), np.array(spent))


def _count(attempt: Attempt, history: History, window: timedelta) -> int:
    """How often its card, address, device or account was seen in the window, whichever most."""
    since = attempt.at - window
    return max(sum(past.at > since for past in history[each]) for each in PERSONAL)


def _own_rate(seen: Signals) -> float:
    return max(surprise(seen.bursts[each].tail) for each in PERSONAL)
