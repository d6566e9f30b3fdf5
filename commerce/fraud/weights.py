"""What each signal adds to the log-odds of fraud, learnt by `python -m evals.fraud.learning`.

The weights come from planted fraud, of seeds that the suite `fraud` does not measure. None is negative but
that of being known: nothing suspicious may count as a good sign, only because it happened to be one there.
"""

from collections.abc import Mapping

from commerce.fraud.signals import AccountAge

INTERCEPTS: Mapping[AccountAge, float] = {
    AccountAge.FIRST: -4.84,
    AccountAge.YOUNG: -4.86,
    AccountAge.SETTLED: -10.3,
}
WEIGHTS: Mapping[AccountAge, Mapping[str, float]] = {
    AccountAge.FIRST: {
        "burst_card": 0.17,
        "burst_address": 1.0,
        "burst_device": 1.79,
        "accounts_day_address": 0.37,
        "accounts_day_ip": 0.28,
        "accounts_device": 1.73,
    },
    AccountAge.YOUNG: {
        "burst_card": 0.6,
        "burst_device": 1.13,
        "burst_account": 0.11,
        "accounts_day_card": 0.58,
        "accounts_day_address": 1.67,
        "accounts_day_ip": 0.28,
        "accounts_card": 0.34,
        "accounts_address": 0.2,
        "accounts_device": 2.38,
        "new_address": 3.04,
        "stranger_elsewhere": 2.06,
        "account_cards": 2.41,
        "amount_up": 0.78,
        "spent_up": 0.26,
        "days_known": -2.37,
    },
    AccountAge.SETTLED: {
        "burst_card": 0.31,
        "burst_device": 0.79,
        "accounts_ip": 0.31,
        "new_address": 3.12,
        "new_device": 0.9,
        "stranger": 1.08,
        "stranger_elsewhere": 1.9,
        "amount_up": 0.86,
        "spent_up": 2.19,
        "days_known": -0.4,
    },
}
