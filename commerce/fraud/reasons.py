"""What stands out in an attempt, in words for staff."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from commerce.fraud.models import Subject
from commerce.fraud.rates import Burst
from commerce.fraud.signals import SHARED, Signals

NOUNS = {
    Subject.CARD: "card",
    Subject.ADDRESS: "address",
    Subject.DEVICE: "device",
    Subject.IP: "network",
    Subject.ACCOUNT: "account",
}
WINDOWS = {timedelta(hours=1): "hour", timedelta(days=1): "day", timedelta(days=7): "seven days"}

Sentence = Callable[[Signals], str]


def sentences(seen: Signals, names: Iterable[str]) -> tuple[str, ...]:
    """One for each of the named signals that stands out; signals that say the same say it once."""
    return tuple(dict.fromkeys(_SENTENCES[name](seen) for name in names))


def found_fraud(seen: Signals) -> str:
    return f"Staff found fraud before with the same {_listed(seen.found_fraud, seen)}."


def _noun(subject: Subject, seen: Signals) -> str:
    return f"{NOUNS[subject]} (or one that looks like it)" if subject in seen.doubtful else NOUNS[subject]


def _burst(subject: Subject) -> Sentence:
    return lambda seen: _burst_of(_noun(subject, seen), seen.bursts[subject])


def _burst_of(noun: str, burst: Burst) -> str:
    usual = f"{burst.usual:.0f}" if burst.usual >= 1 else "less than one"
    return f"This {noun} was used {burst.count} times in the last {WINDOWS[burst.window]}; usual is {usual}."


def _shared_today(subject: Subject) -> Sentence:
    return lambda seen: (
        f"This {_noun(subject, seen)} served {seen.sharing[subject].in_a_day + 1} accounts in a day;"
        " usual is 1."
    )


def _shared(subject: Subject) -> Sentence:
    return lambda seen: (
        f"This {_noun(subject, seen)} has served {seen.sharing[subject].in_all + 1} accounts; usual is 1."
    )


def _unfamiliar(seen: Signals) -> str:
    return f"This account uses another {_listed(seen.unfamiliar, seen)} than ever before."


def _amount(seen: Signals) -> str:
    return f"The amount is {seen.times_usual_amount:.2g} times what this account usually pays."


def _listed(subjects: frozenset[Subject], seen: Signals) -> str:
    nouns = [_noun(each, seen) for each in Subject if each in subjects]
    return " and ".join(filter(None, [", ".join(nouns[:-1]), nouns[-1]]))


_SENTENCES: Mapping[str, Sentence] = {
    **{f"burst_{each}": _burst(each) for each in Subject},
    **{f"accounts_day_{each}": _shared_today(each) for each in SHARED},
    **{f"accounts_{each}": _shared(each) for each in SHARED},
    **{f"new_{each}": _unfamiliar for each in SHARED},
    "stranger": _unfamiliar,
    "stranger_elsewhere": _unfamiliar,
    "account_cards": lambda seen: f"This account used {seen.account_cards} cards in thirty days.",
    "device_cards": lambda seen: f"{seen.device_cards} cards were used on this device in thirty days.",
    "amount_up": _amount,
    "spent_up": lambda seen: (
        f"In two days this account spends {seen.times_usual_spent:.2g} times what a purchase of its costs."
    ),
}
