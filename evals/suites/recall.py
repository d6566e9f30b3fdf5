"""Retrieval of past turns: recall, and cost by size of the memory."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from evals.benchmarks.recall import learning, locomo, mem0_runner, timing
from evals.benchmarks.recall.locomo import Conversation
from evals.report import Figure, Goal, Report
from foundation.settings import load_settings
from memory.embeddings import Embedder, load_embedder
from memory.retrieval.ranker import FUSED, LEARNED

QUALITY: dict[str, Goal] = {
    "recall@10": (">=", 0.75),
    "recall@10, weights by hand": (">=", 0.74),
    "session R@5": (">=", 0.95),
    "session R@10": (">=", 0.98),
}
COST: dict[str, Goal] = {
    "search CPU ms p95": ("<=", 10.0),
    "add CPU ms p95": ("<=", 8.0),
    "filtered search CPU ms p95": ("<=", 0.1),
    "filtered search recall@10": (">=", 1.0),
}
Figures = dict[str, Figure]


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--memories", type=int, default=10_000, help="turns of the customer searched")
    parser.add_argument(
        "--long", type=int, default=100_000, help="turns of the customer with the largest memory"
    )
    parser.add_argument("--vectors", type=int, default=1_000_000, help="vectors of all customers together")
    parser.add_argument("--times", type=int, default=300, help="number of measurements of each operation")
    parser.add_argument(
        "--mem0", type=Path, metavar="PYTHON", help="interpreter with mem0ai installed, for comparison"
    )


def run(options: Namespace) -> Report:
    embedder = load_embedder(load_settings().var / "models")
    with threadpool_limits(1):
        figures: Figures = {
            **timing.one_customer(embedder, memories=options.memories, times=options.times),
            **timing.long_memory(turns=options.long, times=options.times),
            **timing.many_customers(vectors=options.vectors, times=options.times),
        }
        found, peers = _quality(options, embedder) if options.data else ({}, {})
    return Report(
        suite="recall",
        figures=figures | found,
        goals=COST | (QUALITY if options.data else {}),
        peers=peers,
        notes=[
            "CPU of this process and, for search and add, of PostgreSQL; BLAS uses one thread.",
            "Recall by line over LoCoMo's categories 1 to 4; by session over all its questions.",
            "The weights by hand were chosen with five of LoCoMo's ten conversations in view. Those in use "
            "were learned from the generated shop, with those by hand as prior.",
            *([] if options.data else ["No --data, so quality was not measured."]),
            *([] if options.data and options.mem0 else ["mem0 not run: give --data and --mem0 PYTHON."]),
        ],
    )


def _quality(options: Namespace, embedder: Embedder) -> tuple[Figures, dict[str, Figures]]:
    conversations = locomo.read(options.data, embedder)
    by_hand = locomo.figures(locomo.evaluate(conversations, locomo.ranked(conversations, FUSED)))
    shop = learning.evaluation_lessons(embedder)
    figures: Figures = {
        **locomo.figures(locomo.evaluate(conversations, locomo.ranked(conversations, LEARNED))),
        "recall@10, weights by hand": by_hand["recall@10"],
        **learning.figures(shop, LEARNED),
    }
    peers: dict[str, Figures] = {
        "weights by hand": {**by_hand, **learning.figures(shop, FUSED)},
        "learned on the others": {**locomo.figures(locomo.evaluate(conversations, _left_out(conversations)))},
        "dense": {**locomo.figures(locomo.evaluate(conversations, locomo.dense))},
    }
    if options.mem0:
        peers["mem0"] = {**mem0_runner.measured(options.mem0, conversations)}
    return figures, peers


def _left_out(conversations: Sequence[Conversation]) -> locomo.Rank:
    """For each conversation, weights learned on all others (leave one out)."""
    lessons = {id(each): locomo.lessons(each) for each in conversations}
    ranks = {}
    for each in conversations:
        others = [lesson for other in conversations if other is not each for lesson in lessons[id(other)]]
        ranks[id(each)] = locomo.ranked([each], learning.learn(others))

    def rank(conversation: Conversation, number: int) -> NDArray[np.int64]:
        return ranks[id(conversation)](conversation, number)

    return rank
