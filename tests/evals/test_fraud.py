import numpy as np
from sklearn.metrics import average_precision_score

from commerce.fraud import store
from commerce.fraud.rates import HORIZON
from commerce.fraud.scoring import score
from commerce.fraud.signals import signals
from evals.fraud.dataset import Memory, observed, world
from foundation.sql import Ledger


def test_same_seed_is_the_same_world() -> None:
    one, another = world(5, accounts=200, incidents=5), world(5, accounts=200, incidents=5)

    assert one.attempts == another.attempts


def test_ledger_and_memory_tell_the_same_history(ledger: Ledger) -> None:
    attempts = world(6, accounts=40, incidents=10).attempts[:250]
    memory = Memory()

    with ledger.transaction() as connection:
        for number, attempt in enumerate(attempts):
            known = store.history(connection, f"fra_{number}", attempt, since=attempt.at - HORIZON)
            assert signals(attempt, known) == signals(attempt, memory.history(attempt))
            store.add(connection, f"fra_{number}", attempt)
            memory.add(attempt)


def test_score_finds_planted_fraud_of_a_seed_it_never_saw() -> None:
    small = world(7, accounts=600, incidents=10)

    scores = np.array([score(each) for each in observed(small.attempts)])

    assert average_precision_score(small.is_fraud, scores) > 0.75
