"""Planted fraud among innocent look-alikes: what the score finds, and whom it troubles."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import closing

import numpy as np
from sqlalchemy import event

from commerce.customers.addresses import Addresses
from commerce.customers.service import Customers
from commerce.fraud import store
from commerce.fraud.models import Attempt
from commerce.fraud.service import Fraud
from evals.environment import temporary_environment
from evals.fraud.dataset import ACCOUNTS, INCIDENTS, world
from evals.fraud.evaluation import Judged, judge
from evals.fraud.learning import SEEDS as LEARNT
from evals.report import Report
from foundation.clock import system_clock
from foundation.crypto import DataKeys, KeyRing, LookupDigest
from foundation.ids import new_id
from foundation.outbox import Outbox
from foundation.settings import FraudSettings, Settings
from foundation.sql import Ledger, open_ledger

SEEDS = (101, 102, 103)
GOAL = 0.80
RULES_GOAL_US = 250.0
STATEMENTS_GOAL = 3
KNOWN, MEASURED = 5_000, 300
"""Attempts that are in the ledger before, and that are assessed against them."""


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=SEEDS, help="of the worlds, none of them learnt from"
    )
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="innocent ones, in each world")
    parser.add_argument("--incidents", type=int, default=INCIDENTS, help="planted, in each world")


def run(options: Namespace) -> Report:
    learnt = sorted(set(options.seeds) & set(LEARNT))
    if learnt:
        raise SystemExit(f"The weights were learnt from the seeds {learnt}: choose others.")
    worlds = {
        seed: world(seed, accounts=options.accounts, incidents=options.incidents) for seed in options.seeds
    }
    judged = {seed: judge(each, seed=seed) for seed, each in worlds.items()}
    review_from = FraudSettings().review_from
    every = list(judged.values())
    figures = {
        f"average precision, seed {seed}": each.precision(each.scores) for seed, each in judged.items()
    }
    milliseconds, statements = _in_the_ledger(worlds[options.seeds[0]].attempts)
    return Report(
        suite="fraud",
        figures={
            "attempts": sum(len(each.world.attempts) for each in every),
            "planted attempts": sum(int(each.world.is_fraud.sum()) for each in every),
            "average precision": min(figures.values()),
            **figures,
            **{
                f"average precision, {kind}": _mean([each.by_kind()[kind] for each in every])
                for kind in every[0].by_kind()
            },
            "average precision, cards told by their looks": min(each.precision(each.alike) for each in every),
            "incidents caught": _mean([each.caught(review_from) for each in every]),
            "innocent reviewed": _mean([each.troubled(review_from) for each in every]),
            "calibration error": _mean([each.calibration_error() for each in every]),
            "rules CPU us p50": float(np.median(np.concatenate([each.microseconds for each in every]))),
            "rules CPU us p99": float(
                np.percentile(np.concatenate([each.microseconds for each in every]), 99)
            ),
            "assessment ms p50": milliseconds,
            "statements": statements,
        },
        goals={
            "average precision": (">=", GOAL),
            "rules CPU us p50": ("<=", RULES_GOAL_US),
            "statements": ("<=", STATEMENTS_GOAL),
        },
        peers={name: _peer(every, name) for name in every[0].others},
        notes=[
            "The fraud is planted by ourselves: this shows that the score finds what it is meant to find, "
            "not how much fraud a real shop has.",
            f"The weights were learnt from the seeds {LEARNT}; average precision is the worst seed's.",
            "Of one kind, average precision is measured against all innocent attempts.",
            "Told by its looks alone, a card counts half; no two cards of these worlds look the same.",
        ],
    )


def _peer(judged: Sequence[Judged], name: str) -> dict[str, float | None]:
    return {"average precision": min(each.precision(each.others[name]) for each in judged)}


def _mean(numbers: Sequence[float]) -> float:
    return float(np.mean(numbers))


def _in_the_ledger(attempts: Sequence[Attempt]) -> tuple[float, int]:
    """The median time of an assessment on a durable PostgreSQL, and the most statements that one took."""
    known, measured = attempts[:KNOWN], attempts[KNOWN : KNOWN + MEASURED]
    with (
        temporary_environment(durable=True) as environment,
        closing(open_ledger(environment.settings.ledger)) as ledger,
    ):
        digests = LookupDigest.from_settings(environment.settings.crypto.lookup_key.get_secret_value())
        outbox, keys = Outbox(ledger, (), now=system_clock), _keys(environment.settings, ledger)
        customers = Customers(ledger, keys, digests, now=system_clock)
        addresses = Addresses(ledger, customers, keys, now=system_clock)
        review_from = environment.settings.fraud.review_from
        fraud = Fraud(ledger, outbox, digests, addresses, review_from=review_from, now=system_clock)
        with ledger.transaction() as connection:
            for each in known:
                store.add(connection, new_id("fra"), each)
        measured_ms = [_timed(ledger, fraud, each) for each in measured]
    return float(np.median([spent for spent, _ in measured_ms])), max(count for _, count in measured_ms)


def _keys(settings: Settings, ledger: Ledger) -> DataKeys:
    ring = KeyRing.from_settings(settings.crypto.keys.get_secret_value())
    return DataKeys(ledger, ring, now=system_clock)


def _timed(ledger: Ledger, fraud: Fraud, attempt: Attempt) -> tuple[float, int]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(ledger.engine, "before_cursor_execute", count)
    started = time.perf_counter()
    fraud.assess(attempt)
    spent = (time.perf_counter() - started) * 1e3
    event.remove(ledger.engine, "before_cursor_execute", count)
    return spent, len(statements)
