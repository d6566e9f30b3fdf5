"""Learn the ranker's weights from the generated shop: `python -m evals.benchmarks.recall.learning`.

The weights maximise the likelihood that a line of evidence ranks first (listwise softmax). The weights set by
hand, up to scale, are the prior, so that a signal with little evidence in these conversations is unchanged.
"""

import ast
import hashlib
import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from evals.benchmarks.recall.questions import Case, cases
from foundation.settings import load_settings
from memory.conversations.models import Speaker
from memory.embeddings import Embedder, load_embedder
from memory.retrieval.ranker import FUSED, LEARNED_FILE, Talk, Weights

TRAINING_SEED, EVALUATION_SEED = 1, 2
CUSTOMERS = 3_000
TALKS = 30
TRUST = 0.03
"""Weight of the squared distance from the prior, relative to the log-likelihood of one question."""
FIRST = 5


@dataclass(frozen=True)
class Lesson:
    """One question: the signals of each line, and the lines that answer it."""

    signals: NDArray[np.float32]
    evidence: tuple[int, ...]


def lessons(case: Case, embedder: Embedder) -> list[Lesson]:
    talk = Talk(asker=Speaker.CUSTOMER)
    talk.extend(case.lines, embedder.encode([f"{line.speaker}: {line.text}" for line in case.lines]))
    vectors = embedder.encode([query.text for query in case.queries])
    return [
        Lesson(talk.signals(query.text, vector), query.evidence)
        for query, vector in zip(case.queries, vectors, strict=True)
    ]


def learn(given: Sequence[Lesson], *, trust: float = TRUST) -> Weights:
    """The weights, scaled to the norm of those set by hand."""
    prior = np.array(FUSED)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scale, weights = parameters[0], parameters[1:]
        total, gradient = 0.0, np.zeros_like(weights)
        for lesson in given:
            scores = lesson.signals @ weights
            chances = np.exp(scores - scores.max())
            chances /= chances.sum()
            total -= float(np.log(chances[list(lesson.evidence)]).mean())
            chances[list(lesson.evidence)] -= 1 / len(lesson.evidence)
            gradient += lesson.signals.T @ chances
        away = weights - scale * prior
        whole = total / len(given) + trust * float(away @ away)
        slope = gradient / len(given) + 2 * trust * away
        return whole, np.concatenate([[-2 * trust * (away @ prior)], slope])

    start = np.concatenate([[1.0], prior])
    bounds = [(0.0, None)] * len(start)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x[1:]
    found *= np.linalg.norm(prior) / np.linalg.norm(found)
    return Weights(*(round(float(each), 3) for each in found))


def figures(given: Iterable[Lesson], weights: Weights) -> dict[str, float]:
    """Recall among the first five, and MRR, on the generated shop."""
    recalls, reciprocals = [], []
    for lesson in given:
        order = np.argsort(-(lesson.signals @ np.array(weights, np.float32)), kind="stable").tolist()
        evidence = set(lesson.evidence)
        recalls.append(len(evidence & set(order[:FIRST])) / len(evidence))
        reciprocals.append(1 / (1 + min(order.index(line) for line in evidence)))
    return {"shop recall@5": float(np.mean(recalls)), "shop MRR": float(np.mean(reciprocals))}


def training_lessons(embedder: Embedder) -> list[Lesson]:
    return _of(TRAINING_SEED, embedder, is_training=True, talks=TALKS)


def evaluation_lessons(embedder: Embedder, *, talks: int = TALKS) -> list[Lesson]:
    """From another generated shop, with other wordings."""
    return _of(EVALUATION_SEED, embedder, is_training=False, talks=talks)


def recipe() -> str:
    """A hash of what the weights depend on: the training cases, the prior and how `learn` computes."""
    trained_on = [[case.lines, case.queries] for case in _cases(TRAINING_SEED, is_training=True, talks=TALKS)]
    (function,) = ast.parse(inspect.getsource(learn)).body
    parts = [repr(trained_on), repr(FUSED), repr(TRUST), ast.dump(function)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _of(seed: int, embedder: Embedder, *, is_training: bool, talks: int) -> list[Lesson]:
    some = _cases(seed, is_training=is_training, talks=talks)
    return [lesson for case in some for lesson in lessons(case, embedder)]


def _cases(seed: int, *, is_training: bool, talks: int) -> Iterator[Case]:
    return islice(cases(seed, customers=CUSTOMERS, is_training=is_training), talks)


def main() -> None:
    embedder = load_embedder(load_settings().var / "models")
    weights = learn(training_lessons(embedder))
    kept = {"recipe": recipe(), "weights": weights._asdict()}
    LEARNED_FILE.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    evaluated = evaluation_lessons(embedder)
    for name, each in (("by hand", FUSED), ("learned", weights)):
        sys.stdout.write(f"{name}: {each} {figures(evaluated, each)}\n")


if __name__ == "__main__":
    main()
