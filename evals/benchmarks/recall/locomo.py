"""Retrieval on the LoCoMo benchmark: whether the turns that answer its questions are found.

The data is a list of `{"conversation": {"speaker_a", "speaker_b", "session_1_date_time", "session_1":
[{"speaker", "dia_id", "text", "blip_caption"?}], …}, "qa": [{"question", "evidence": [dia_id],
"category"}]}`. Categories: 1 several hops, 2 time, 3 open domain, 4 one hop, 5 adversarial.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.benchmarks.recall.learning import Lesson
from memory.embeddings import Embedder, Vectors
from memory.retrieval.ranker import LEARNED, Line, Talk, Weights

WRITTEN = "%I:%M %p on %d %B, %Y"
TURN = re.compile(r"D\d+:\d+")
CATEGORIES = {1: "several hops", 2: "time", 3: "open domain", 4: "one hop"}
"""Categories for recall; the fifth counts for sessions only."""
Rank = Callable[["Conversation", int], NDArray[np.int64]]
"""Ranks the lines of a conversation for the question of that number, best first."""


@dataclass(frozen=True)
class Asked:
    text: str
    evidence: tuple[int, ...]
    """The lines that answer it."""
    category: int


@dataclass(frozen=True)
class Conversation:
    lines: tuple[Line, ...]
    questions: tuple[Asked, ...]
    line_vectors: Vectors
    question_vectors: Vectors

    @property
    def sessions(self) -> NDArray[np.int64]:
        """The number of each line's session."""
        return np.cumsum([line.opens for line in self.lines])

    def talk(self) -> Talk:
        talk = Talk()
        talk.extend(self.lines, self.line_vectors)
        return talk


@dataclass(frozen=True)
class Outcome:
    """The result for one question."""

    category: int
    recall: float
    """Recall of its evidence among the first ten lines."""
    reciprocal: float
    """Reciprocal rank of the first line of evidence."""
    session_place: int
    """Rank of the first session with evidence, from 1."""


def read(path: Path, embedder: Embedder) -> list[Conversation]:
    """Read a file, or every `locomo*.json` of a folder."""
    files = sorted(path.glob("locomo*.json")) if path.is_dir() else [path]
    return [
        _conversation(each, embedder)
        for file in files
        for each in json.loads(file.read_text(encoding="utf-8"))
    ]


def ranked(conversations: Sequence[Conversation], weights: Weights = LEARNED) -> Rank:
    """The product's ranking."""
    talks = {id(each): each.talk() for each in conversations}

    def rank(conversation: Conversation, number: int) -> NDArray[np.int64]:
        asked, vector = conversation.questions[number].text, conversation.question_vectors[number]
        found = talks[id(conversation)].search(asked, vector, weights=weights)
        return np.argsort(-found.scores, kind="stable")

    return rank


def lessons(conversation: Conversation) -> list[Lesson]:
    """Training lessons from its questions."""
    talk = conversation.talk()
    return [
        Lesson(talk.signals(asked.text, vector), asked.evidence)
        for asked, vector in zip(conversation.questions, conversation.question_vectors, strict=True)
        if asked.category in CATEGORIES
    ]


def dense(conversation: Conversation, number: int) -> NDArray[np.int64]:
    """Ranking by embedding alone, as most memories do."""
    return np.argsort(-(conversation.line_vectors @ conversation.question_vectors[number]), kind="stable")


def evaluate(conversations: Sequence[Conversation], rank: Rank) -> list[Outcome]:
    return [
        _outcome(each, asked, rank(each, number))
        for each in conversations
        for number, asked in enumerate(each.questions)
    ]


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    evaluated = [each for each in outcomes if each.category in CATEGORIES]
    positions = np.array([each.session_place for each in outcomes])
    by_kind = {
        f"recall@10 {name}": float(np.mean([each.recall for each in evaluated if each.category == kind]))
        for kind, name in CATEGORIES.items()
        if any(each.category == kind for each in evaluated)
    }
    return {
        "questions": float(len(evaluated)),
        "recall@10": float(np.mean([each.recall for each in evaluated])),
        "hit@10": float(np.mean([each.recall > 0 for each in evaluated])),
        "MRR": float(np.mean([each.reciprocal for each in evaluated])),
        **by_kind,
        "session R@5": float(np.mean(positions <= 5)),  # noqa: PLR2004 - as the figure is called
        "session R@10": float(np.mean(positions <= 10)),  # noqa: PLR2004 - as the figure is called
    }


def _conversation(record: Mapping[str, Any], embedder: Embedder) -> Conversation:
    numbered = dict(_lines(record["conversation"]))
    position = {name: at for at, name in enumerate(numbered)}
    questions = [
        Asked(each["question"], evidence, each["category"])
        for each in record["qa"]
        if (evidence := _evidence(each, position))
    ]
    return Conversation(
        lines=tuple(numbered.values()),
        questions=tuple(questions),
        line_vectors=embedder.encode([f"{line.speaker}: {line.text}" for line in numbered.values()]),
        question_vectors=embedder.encode([each.text for each in questions]),
    )


def _lines(conversation: Mapping[str, Any]) -> Iterator[tuple[str, Line]]:
    number = 1
    while turns := conversation.get(f"session_{number}"):
        at = datetime.strptime(conversation[f"session_{number}_date_time"], WRITTEN)  # noqa: DTZ007 - a day
        for turn in turns:
            shown = f" [{turn['blip_caption']}]" if turn.get("blip_caption") else ""
            opens = turn is turns[0]
            yield turn["dia_id"], Line(turn["speaker"], turn["text"] + shown, f"{at:%-d %B %Y}", opens=opens)
        number += 1


def _evidence(record: Mapping[str, Any], position: Mapping[str, int]) -> tuple[int, ...]:
    named = TURN.findall(" ".join(record["evidence"]))
    return tuple(sorted({position[each] for each in named if each in position}))


def _outcome(conversation: Conversation, asked: Asked, order: NDArray[np.int64]) -> Outcome:
    evidence = set(asked.evidence)
    first = next(position for position, line in enumerate(order.tolist(), 1) if line in evidence)
    sessions = list(dict.fromkeys(conversation.sessions[order].tolist()))
    answering = {int(conversation.sessions[line]) for line in evidence}
    return Outcome(
        category=asked.category,
        recall=len(evidence & set(order[:10].tolist())) / len(evidence),
        reciprocal=1 / first,
        session_place=1 + min(sessions.index(each) for each in answering),
    )
