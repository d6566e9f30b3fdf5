import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from commerce.fraud import store
from commerce.fraud.rates import HORIZON
from commerce.fraud.scoring import score
from commerce.fraud.signals import signals
from evals.fraud.dataset import AttemptIndex, generate_dataset, observed
from foundation.sql import Ledger

pytestmark = pytest.mark.slow


def test_same_seed_is_the_same_dataset() -> None:
    one, another = (
        generate_dataset(5, accounts=200, incidents=5),
        generate_dataset(5, accounts=200, incidents=5),
    )

    assert one.attempts == another.attempts


def test_ledger_and_index_give_the_same_history(ledger: Ledger) -> None:
    attempts = generate_dataset(6, accounts=40, incidents=10).attempts[:250]
    index = AttemptIndex()

    with ledger.transaction() as connection:
        for number, attempt in enumerate(attempts):
            known = store.history(connection, f"fra_{number}", attempt, since=attempt.at - HORIZON)
            assert signals(attempt, known) == signals(attempt, index.history(attempt))
            store.add(connection, f"fra_{number}", attempt)
            index.add(attempt)


def test_score_finds_planted_fraud_of_a_seed_it_never_saw() -> None:
    small = generate_dataset(7, accounts=600, incidents=10)

    scores = np.array([score(each) for each in observed(small.attempts)])

    assert average_precision_score(small.is_fraud, scores) > 0.75
