"""Sentences the offline model was not tuned on: expected tool calls, questions or refusals."""

import asyncio
import json
import time
from argparse import ArgumentParser, Namespace
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.models.base import Block, Message, ModelRequest
from agent.models.offline.model import OfflineModel
from agent.models.offline.speech import phrases
from agent.models.offline.training import Training
from agent.models.offline.vocabulary import Named
from demo.generator.catalogue import products
from evals.phrasings.nearest import NearestExample
from evals.phrasings.sentences import FOLDER, Expected, Sentence, read
from evals.report import Report
from foundation.settings import load_settings
from memory.embeddings import load_embedder
from tools.catalog import TOOLS

SEED = 7
"""Of the catalogue whose names are added to those in the sentences."""
STEPS = 6
GOAL = 0.92
CPU_GOAL_MS = 8.0
MISSES_SHOWN = 12


@dataclass(frozen=True)
class ModelResponse:
    """The model's tool calls and reply to a sentence."""

    calls: Sequence[tuple[str, Mapping[str, Any]]]
    words: str
    milliseconds: Sequence[float]
    """CPU time of each model call."""


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--set", choices=["test", "dev"], default="test", help="set of sentences, test by default"
    )


def run(options: Namespace) -> Report:
    folder = load_settings().var / "models"
    embedder = load_embedder(folder)
    shop = json.loads((FOLDER / "shop.json").read_text(encoding="utf-8"))
    named = [Named(*each) for each in shop["names"]]
    named += [Named("product", f"prd_{at}", each.name) for at, each in enumerate(products(SEED))]
    model = OfflineModel(Training(embedder, folder=folder), names=lambda: named)
    model.prepare(TOOLS)
    sentences = read(options.set)
    responses = [respond(model, each, results=shop["results"]) for each in sentences]
    understood = [is_understood(each, response) for each, response in zip(sentences, responses, strict=True)]
    peer = NearestExample(embedder, named, TOOLS)
    by_peer = [is_understood(each, ModelResponse(*peer.answer(each.say), ())) for each in sentences]
    spent = [each for response in responses for each in response.milliseconds]
    missed = [each for each, right in zip(sentences, understood, strict=True) if not right]
    return Report(
        suite="phrasings",
        figures={
            "sentences": len(sentences),
            "understood": float(np.mean(understood)),
            **_by_kind(sentences, understood),
            "answer CPU ms p50": float(np.percentile(spent, 50)),
            "answer CPU ms p95": float(np.percentile(spent, 95)),
        },
        goals={"understood": (">=", GOAL), "answer CPU ms p50": ("<=", CPU_GOAL_MS)},
        peers={"nearest example": {"understood": float(np.mean(by_peer)), **_by_kind(sentences, by_peer)}},
        notes=[f"missed ({each.kind}): {each.say}" for each in missed[:MISSES_SHOWN]],
    )


def respond(model: OfflineModel, sentence: Sentence, *, results: Mapping[str, Any]) -> ModelResponse:
    """The response to a sentence in a thread in which tools return `results`."""
    thread: list[Message] = []
    if sentence.after is not None:
        _turn(model, thread, sentence.after, results)
    return _turn(model, thread, sentence.say, results)


def _turn(model: OfflineModel, thread: list[Message], text: str, results: Mapping[str, Any]) -> ModelResponse:
    thread.append({"role": "user", "content": [{"type": "text", "text": text}]})
    calls: list[tuple[str, Mapping[str, Any]]] = []
    spent: list[float] = []
    for _ in range(STEPS):
        started = time.process_time()
        answer = asyncio.run(model.answer(ModelRequest("", "", thread, TOOLS), on_text=_discard))
        spent.append((time.process_time() - started) * 1000)
        content = [_numbered(block, len(thread)) for block in answer.content]
        thread.append({"role": "assistant", "content": content})
        uses = [block for block in content if block["type"] == "tool_use"]
        if not uses:
            return ModelResponse(calls, "".join(block["text"] for block in content), spent)
        calls += [(block["name"], block["input"]) for block in uses]
        thread.append({"role": "user", "content": [_result(block, results) for block in uses]})
    return ModelResponse(calls, "", spent)


async def _discard(_text: str) -> None:
    """Discards streamed text, which the answer contains too."""


def _numbered(block: Block, place: int) -> Block:
    return {**block, "id": f"{place}:{block['id']}"} if block["type"] == "tool_use" else block


def _result(use: Block, results: Mapping[str, Any]) -> Block:
    content = json.dumps(results.get(use["name"], {"say": f"({use['name']})", "data": None}))
    return {"type": "tool_result", "tool_use_id": use["id"], "content": content}


def is_understood(sentence: Sentence, response: ModelResponse) -> bool:
    if sentence.calls:
        return _meets(sentence.calls, response)
    if sentence.or_calls and _meets(sentence.or_calls, response):
        return True
    if response.calls:
        return False
    said = {label for label in phrases().known if _is_said(label, response.words)}
    if sentence.asks:
        return not said and response.words.rstrip().endswith("?")
    return bool(said & sentence.phrases)


def _meets(expected: Sequence[Expected], response: ModelResponse) -> bool:
    left = list(response.calls)
    for each in expected:
        met = next((made for made in left if each.is_met_by(*made)), None)
        if met is None:
            return False
        left.remove(met)
    return not left


def _is_said(label: str, words: str) -> bool:
    phrase = phrases()[label]
    return any(text and text in words for text in (phrase.en, phrase.es))


def _by_kind(sentences: Sequence[Sentence], understood: Sequence[bool]) -> dict[str, float]:
    kinds: dict[str, list[bool]] = defaultdict(list)
    for sentence, right in zip(sentences, understood, strict=True):
        kinds[sentence.kind].append(right)
    return {kind: float(np.mean(rights)) for kind, rights in kinds.items()}
