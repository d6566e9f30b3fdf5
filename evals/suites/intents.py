"""Intent classification: CLINC150 for the method, the shop's sentences for the model trained at start."""

import time
from argparse import Namespace
from datetime import date

import numpy as np

from api.containers.artifacts import load_artifacts
from evals.benchmarks.intents import clinc
from evals.benchmarks.intents.shop_sentences import IntentAccuracy, intent_accuracy
from evals.facts.names import DemoCatalogue
from evals.report import Figure, Goal, Report
from foundation.settings import load_settings
from memory.embeddings import Embedder
from memory.understanding.entities import Entities
from memory.understanding.service import SHAPE, Enrichment, Heard, learn_intents
from tools.catalog import TOOLS

ACCURACY, AUROC = 0.96, 0.98
CPU_GOAL_MS = 1.0
DAY = date(2026, 2, 1)


def run(options: Namespace) -> Report:
    artifacts = load_artifacts(load_settings())
    embedder = artifacts.embedder()
    started = time.process_time()
    catalogue = DemoCatalogue()
    products = [each.name for each in catalogue.names() if each.kind == "product"]
    intents = learn_intents({tool.name: tool.examples for tool in TOOLS}, products, embedder)
    enrichment = Enrichment(intents, Entities(catalogue, artifacts.reader()))
    start_seconds = time.process_time() - started
    shop = intent_accuracy(intents, embedder)
    measured = _measured(options, embedder)
    ours, peer = measured or ({}, {})
    goals: dict[str, Goal] = {"understanding CPU ms p50": ("<=", CPU_GOAL_MS)}
    if measured:
        goals |= {"accuracy": (">=", ACCURACY), "AUROC": (">=", AUROC)}
    return Report(
        suite="intents",
        figures={
            **ours,
            **_shop_figures(shop),
            "start CPU seconds": start_seconds,
            **_costs(enrichment, embedder, shop),
        },
        goals=goals,
        peers={clinc.PEER: peer} if measured else {},
        notes=[
            "Training uses the parts `train` only; the other parts are evaluated once.",
            "CPU of understanding excludes the embedding of the sentence, which a turn needs anyway.",
            *([] if measured else [f"CLINC150 is not available: give --data with {clinc.FILE}."]),
        ],
    )


def _measured(options: Namespace, embedder: Embedder) -> tuple[dict[str, Figure], dict[str, Figure]] | None:
    if options.data is None:
        return None
    data = clinc.read(options.data, embedder)
    started = time.process_time()
    ours: dict[str, Figure] = dict(clinc.ours(data))
    return {**ours, "training CPU seconds": time.process_time() - started}, dict(clinc.logistic(data))


def _shop_figures(shop: IntentAccuracy) -> dict[str, Figure]:
    return {
        "shop sentences": len(shop.sentences),
        "shop intent right": shop.right,
        "shop intent right or none": shop.right_or_none,
    }


def _costs(enrichment: Enrichment, embedder: Embedder, shop: IntentAccuracy) -> dict[str, Figure]:
    vectors = embedder.encode([SHAPE.format(text) for text in shop.sentences])
    spent = []
    for text, vector in zip(shop.sentences, vectors, strict=True):
        started = time.process_time()
        enrichment.understand([Heard(text, DAY, vector)])
        spent.append((time.process_time() - started) * 1000)
    return {
        "understanding CPU ms p50": float(np.percentile(spent, 50)),
        "understanding CPU ms p95": float(np.percentile(spent, 95)),
    }
