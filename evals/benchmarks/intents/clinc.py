"""CLINC150 (Larson et al. 2019): 150 intents and out-of-scope utterances, for the method of our intent model.

The file is JSON: `train` and `val` hold pairs of utterance and intent, `oos_train` and `oos_val` out-of-scope
utterances; `test` and `oos_test` are used for evaluation if present. Training uses the parts `train` only.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from memory.embeddings import Embedder, Vectors
from memory.understanding.intents import Examples, train

FILE = "clinc150_train_val.json"
PEER = "logistic head over the vector"


@dataclass(frozen=True)
class Part:
    texts: Sequence[str]
    names: Sequence[str]
    vectors: Vectors


@dataclass(frozen=True)
class Clinc:
    seen: Part
    seen_outside: Part
    unseen: Part
    unseen_outside: Part


def read(path: Path, embedder: Embedder) -> Clinc:
    """Read the file, or the folder that contains it."""
    parts = json.loads((path / FILE if path.is_dir() else path).read_text(encoding="utf-8"))
    kept = "test" if "test" in parts else "val"

    def part(name: str) -> Part:
        texts, names = zip(*parts[name], strict=True)
        return Part(texts, names, embedder.encode(texts))

    return Clinc(part("train"), part("oos_train"), part(kept), part(f"oos_{kept}"))


def ours(data: Clinc) -> dict[str, float]:
    names = tuple(sorted(set(data.seen.names)))
    rows = {name: row for row, name in enumerate(names)}
    labels = [*(rows[name] for name in data.seen.names), *(-1 for _ in data.seen_outside.names)]
    model = train(
        Examples(
            names,
            [*data.seen.texts, *data.seen_outside.texts],
            np.array(labels),
            np.vstack([data.seen.vectors, data.seen_outside.vectors]),
        )
    )
    inside, outside = (model.read(part.texts, part.vectors) for part in (data.unseen, data.unseen_outside))
    nearest = model.nearest(data.unseen.texts, data.unseen.vectors)
    return {
        "accuracy": _share(nearest, data.unseen.names),
        "AUROC": _auroc([each.confidence for each in inside], [each.confidence for each in outside]),
        "accuracy, refusals wrong": _share([each.name for each in inside], data.unseen.names),
        "outside refused": float(np.mean([each.name is None for each in outside])),
    }


def logistic(data: Clinc) -> dict[str, float]:
    """The usual baseline: the most probable class, with its probability as confidence."""
    head = LogisticRegression(C=10, max_iter=500).fit(data.seen.vectors, data.seen.names)
    inside, outside = (head.predict_proba(part.vectors) for part in (data.unseen, data.unseen_outside))
    return {
        "accuracy": _share(head.classes_[inside.argmax(axis=1)], data.unseen.names),
        "AUROC": _auroc(inside.max(axis=1), outside.max(axis=1)),
    }


def _share(given: Sequence[str | None], right: Sequence[str]) -> float:
    return float(np.mean([each == name for each, name in zip(given, right, strict=True)]))


def _auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    truth = np.repeat([1, 0], [len(inside), len(outside)])
    return float(roc_auc_score(truth, np.concatenate([inside, outside])))
