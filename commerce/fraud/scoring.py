"""How likely an attempt is fraud, and which signals say so."""

from math import exp

from commerce.fraud.reasons import found_fraud, sentences
from commerce.fraud.signals import Signals
from commerce.fraud.weights import INTERCEPTS, WEIGHTS

FOUND_FRAUD, FOUND_ALIKE = 0.99, 0.8
"""The score of what shares something with an attempt that staff found to be fraud; or seems to."""
FOUND_GENUINE = 0.01
MOST_REASONS = 3
NOTABLE = 0.5
"""A signal that adds less to the log-odds is not worth a word."""


def score(seen: Signals) -> float:
    """The probability of fraud by a logistic rule, unless staff have judged the like before."""
    if seen.found_fraud - seen.doubtful:
        return FOUND_FRAUD
    if seen.is_found_genuine:
        return FOUND_GENUINE
    likely = 1 / (1 + exp(-INTERCEPTS[seen.account_age] - sum(_shares(seen).values())))
    return max(likely, FOUND_ALIKE) if seen.found_fraud else likely


def reasons(seen: Signals) -> tuple[str, ...]:
    """The weightiest first."""
    shares = _shares(seen)
    notable = sorted((name for name in shares if shares[name] >= NOTABLE), key=lambda name: -shares[name])
    first = (found_fraud(seen),) if seen.found_fraud else ()
    return (first + sentences(seen, notable))[:MOST_REASONS]


def _shares(seen: Signals) -> dict[str, float]:
    """What each signal adds to the log-odds."""
    vector = seen.vector()
    return {name: weight * vector[name] for name, weight in WEIGHTS[seen.account_age].items()}
