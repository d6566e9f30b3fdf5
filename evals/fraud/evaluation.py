"""Score a dataset attempt by attempt, with the shop's score and with baselines."""

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
from evals.fraud.dataset import AttemptIndex, Dataset
from evals.fraud.incidents import KINDS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TREES = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    dataset: Dataset
    scores: Floats
    baselines: Mapping[str, Floats]
    """Scores of the baselines, by name."""
    by_appearance: Floats
    """The shop's score if cards are identified by their appearance alone."""
    microseconds: Floats
    """CPU time of each assessment: signals and score, without the query of the history."""

    def precision(self, scores: Floats, kind: str | None = None) -> float:
        """Average precision; of one kind, against legitimate attempts only."""
        is_fraud = self.dataset.is_fraud
        of = is_fraud if kind is None else self.dataset.of_kind(kind)
        considered = of | ~is_fraud
        return float(average_precision_score(of[considered], scores[considered]))

    def incident_recall(self, review_from: float) -> float:
        """Share of incidents with at least one attempt reviewed."""
        incident = self.dataset.incident
        seen = np.unique(incident[(self.scores >= review_from) & self.dataset.is_fraud])
        return len(seen) / len(np.unique(incident[self.dataset.is_fraud]))

    def false_positive_rate(self, review_from: float) -> float:
        """Share of legitimate attempts that are reviewed."""
        return float((self.scores[~self.dataset.is_fraud] >= review_from).mean())

    def calibration_error(self) -> float:
        """Expected calibration error over ten bins of scores."""
        bins = np.minimum(9, (self.scores * 10).astype(int))
        size = np.bincount(bins, minlength=10)
        gap = np.bincount(bins, self.scores - self.dataset.is_fraud, minlength=10)
        return float(np.abs(gap).sum() / size.sum())

    def by_kind(self) -> dict[str, float]:
        return {kind: self.precision(self.scores, kind) for kind in KINDS}


def evaluate(dataset: Dataset, *, seed: int) -> Evaluation:
    """Attempts in order of time, each scored by its past alone; only the isolation forest sees all."""
    index, scores, by_appearance, spent = AttemptIndex(), [], [], []
    vectors: list[list[float]] = []
    counts: list[tuple[int, int, float]] = []
    for attempt in dataset.attempts:
        history = index.history(attempt)
        started = time.thread_time()
        seen = signals(attempt, history)
        scores.append(score(seen))
        spent.append((time.thread_time() - started) * 1e6)
        by_appearance.append(score(replace(seen, doubtful=frozenset({Subject.CARD}))))
        vectors.append(list(seen.vector().values()))
        counts.append((_count(attempt, history, HOUR), _count(attempt, history, DAY), _own_rate(seen)))
        index.add(attempt)
    hour, day, own = np.array(counts, dtype=float).T
    forest = IsolationForest(n_estimators=TREES, random_state=seed).fit(np.array(vectors))
    baselines = {
        "count in an hour": hour,
        "count in a day": day,
        "own rate alone": own,
        "isolation forest": -forest.score_samples(np.array(vectors)),
    }
    return Evaluation(dataset, np.array(scores), baselines, np.array(by_appearance), np.array(spent))


def _count(attempt: Attempt, history: History, window: timedelta) -> int:
    """Attempts in the window with the same card, address, device or account, whichever are most."""
    since = attempt.at - window
    return max(sum(past.at > since for past in history[each]) for each in PERSONAL)


def _own_rate(seen: Signals) -> float:
    return max(surprise(seen.bursts[each].tail) for each in PERSONAL)
