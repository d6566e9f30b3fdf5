"""Sentences the offline model was not tuned on: whether it makes the right calls, or the right refusal."""

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
from evals.phrasings.sentences import HOME, Expected, Sentence, read
from evals.report import Report
from foundation.settings import load_settings
from memory.embeddings import load_embedder
from tools.catalog import TOOLS

SEED = 7
"""Of the catalogue whose names stand beside the ones that the sentences speak of."""
STEPS = 6
GOAL = 0.92
CPU_GOAL_MS = 8.0
MISSES_SHOWN = 12


@dataclass(frozen=True)
class Heard:
    """What a model made of a sentence."""

    calls: Sequence[tuple[str, Mapping[str, Any]]]
    words: str
    milliseconds: Sequence[float]
    """CPU of each of its answers."""


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--set", choices=["test", "dev"], default="test", help="the sentences, test if not given"
    )


def run(options: Namespace) -> Report:
    folder = load_settings().var / "models"
    embedder = load_embedder(folder)
    shop = json.loads((HOME / "shop.json").read_text(encoding="utf-8"))
    named = [Named(*each) for each in shop["names"]]
    named += [Named("product", f"prd_{at}", each.name) for at, each in enumerate(products(SEED))]
    model = OfflineModel(Training(embedder, folder=folder), names=lambda: named)
    model.prepare(TOOLS)
    sentences = read(options.set)
    heard = [listen(model, each, results=shop["results"]) for each in sentences]
    understood = [is_understood(each, was) for each, was in zip(sentences, heard, strict=True)]
    peer = NearestExample(embedder, named, TOOLS)
    by_peer = [is_understood(each, Heard(*peer.answer(each.say), ())) for each in sentences]
    spent = [each for was in heard for each in was.milliseconds]
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


def listen(model: OfflineModel, sentence: Sentence, *, results: Mapping[str, Any]) -> Heard:
    """The model's calls and words for a sentence, in a thread where every tool answers from `results`."""
    thread: list[Message] = []
    if sentence.after is not None:
        _turn(model, thread, sentence.after, results)
    return _turn(model, thread, sentence.say, results)


def _turn(model: OfflineModel, thread: list[Message], text: str, results: Mapping[str, Any]) -> Heard:
    thread.append({"role": "user", "content": [{"type": "text", "text": text}]})
    calls: list[tuple[str, Mapping[str, Any]]] = []
    spent: list[float] = []
    for _ in range(STEPS):
        started = time.process_time()
        answer = asyncio.run(model.answer(ModelRequest("", "", thread, TOOLS), on_text=_nowhere))
        spent.append((time.process_time() - started) * 1000)
        content = [_numbered(block, len(thread)) for block in answer.content]
        thread.append({"role": "assistant", "content": content})
        uses = [block for block in content if block["type"] == "tool_use"]
        if not uses:
            return Heard(calls, "".join(block["text"] for block in content), spent)
        calls += [(block["name"], block["input"]) for block in uses]
        thread.append({"role": "user", "content": [_result(block, results) for block in uses]})
    return Heard(calls, "", spent)


async def _nowhere(_text: str) -> None:
    """Takes what is spoken; the whole of it comes in the answer too."""


def _numbered(block: Block, place: int) -> Block:
    return {**block, "id": f"{place}:{block['id']}"} if block["type"] == "tool_use" else block


def _result(use: Block, results: Mapping[str, Any]) -> Block:
    content = json.dumps(results.get(use["name"], {"say": f"({use['name']})", "data": None}))
    return {"type": "tool_result", "tool_use_id": use["id"], "content": content}


def is_understood(sentence: Sentence, heard: Heard) -> bool:
    if sentence.calls:
        return _meets(sentence.calls, heard)
    if sentence.or_calls and _meets(sentence.or_calls, heard):
        return True
    if heard.calls:
        return False
    said = {label for label in phrases().known if _is_said(label, heard.words)}
    if sentence.asks:
        return not said and heard.words.rstrip().endswith("?")
    return bool(said & sentence.phrases)


def _meets(expected: Sequence[Expected], heard: Heard) -> bool:
    left = list(heard.calls)
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
