from pathlib import Path

import numpy as np
import pytest

from foundation.artifact_cache import Arrays, kept


class Trainer:
    def __init__(self) -> None:
        self.trained = 0

    def __call__(self) -> Arrays:
        self.trained += 1
        return {"weights": np.full(3, self.trained)}


def test_what_was_trained_once_is_read_back_the_same(tmp_path: Path) -> None:
    train = Trainer()

    first, again = (kept(tmp_path, "head", of=["a", "b"], train=train) for _ in range(2))

    assert train.trained == 1
    assert first["weights"].tolist() == again["weights"].tolist() == [1, 1, 1]


def test_other_examples_are_trained_anew(tmp_path: Path) -> None:
    train = Trainer()

    kept(tmp_path, "head", of=["a"], train=train)
    other = kept(tmp_path, "head", of=["a", "b"], train=train)

    assert other["weights"].tolist() == [2, 2, 2]


def test_training_that_fails_leaves_nothing_to_be_read(tmp_path: Path) -> None:
    def fail() -> Arrays:
        raise RuntimeError("no examples")

    with pytest.raises(RuntimeError):
        kept(tmp_path, "head", of=["a"], train=fail)

    assert list(tmp_path.iterdir()) == []
    assert kept(tmp_path, "head", of=["a"], train=Trainer())["weights"].tolist() == [1, 1, 1]
