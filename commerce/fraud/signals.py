"""What an attempt looks like beside the earlier ones that have something in common with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from math import exp, log, log1p, log10

from commerce.fraud.models import Attempt, History, Past, Subject
from commerce.fraud.rates import DAY_SECONDS, Burst, burst

DAY = timedelta(days=1)
LATELY = timedelta(days=2)
WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
MOST_SURPRISING = 10.0
"""Powers of ten beyond which a burst is no more convincing."""
SHARED = (Subject.CARD, Subject.ADDRESS, Subject.DEVICE, Subject.IP)
PERSONAL = frozenset({Subject.CARD, Subject.ADDRESS, Subject.DEVICE, Subject.ACCOUNT})
"""What fraud sticks to; strangers share a network."""
USUAL_FROM = 2
"""Earlier attempts that make an amount usual."""
SETTLED_DAYS = 30
MANY = 12
"""What more accounts than that share is public, and means nothing."""
STRANGER = frozenset({Subject.DEVICE, Subject.IP})
"""Both unfamiliar at once: somebody else may be at the keys."""
ALIKE = 0.5
"""The weight of a card that is known by brand, digits and expiry alone."""
FAR = 3.0
"""An amount e³ times the usual one is no more convincing than that."""


class AccountAge(StrEnum):
    """How long an account has been known; each has weights of its own."""

    FIRST = "first"
    YOUNG = "young"
    SETTLED = "settled"


@dataclass(frozen=True)
class Sharing:
    """Other accounts that used the same thing."""

    in_a_day: int
    in_all: int


@dataclass(frozen=True)
class Signals:
    bursts: Mapping[Subject, Burst]
    sharing: Mapping[Subject, Sharing]
    account_cards: int
    """Cards of this account in the last thirty days, this one counted."""
    device_cards: int
    unfamiliar: frozenset[Subject]
    """What an account that is a week old has begun to use since."""
    times_usual_amount: float
    """Against the account's own mean; 1 when it has none."""
    times_usual_spent: float
    """All of two days against that mean."""
    account_age: AccountAge
    days_known: float
    found_fraud: frozenset[Subject]
    """What an attempt that staff found to be fraud had in common with this one."""
    is_found_genuine: bool
    """Staff have looked at the account's purchase of this week with that card, of as much or more."""
    doubtful: frozenset[Subject]
    """What is known by its looks alone, so that another may be taken for it."""

    def vector(self) -> dict[str, float]:
        """Numbers of moderate size; each grows with suspicion, `days_known` alone with trust."""
        return {
            **{f"burst_{each}": self._sure(each) * surprise(self.bursts[each].tail) for each in Subject},
            **{
                f"accounts_day_{each}": self._sure(each) * _privately(self.sharing[each].in_a_day)
                for each in SHARED
            },
            **{
                f"accounts_{each}": self._sure(each) * _privately(self.sharing[each].in_all)
                for each in SHARED
            },
            **{f"new_{each}": float(each in self.unfamiliar) for each in SHARED},
            "stranger": float(self.unfamiliar >= STRANGER),
            "stranger_elsewhere": float(self.unfamiliar >= STRANGER | {Subject.ADDRESS}),
            "account_cards": log(max(1, self.account_cards)),
            "device_cards": log(max(1, self.device_cards)),
            "amount_up": min(FAR, max(0.0, log(self.times_usual_amount))),
            "spent_up": min(FAR, max(0.0, log(self.times_usual_spent))),
            "days_known": log1p(self.days_known),
        }

    def _sure(self, subject: Subject) -> float:
        return ALIKE if subject in self.doubtful else 1.0


def _privately(accounts: int) -> float:
    return log1p(accounts) if accounts <= MANY else 0.0


def surprise(chance: float) -> float:
    return -log10(max(chance, 10**-MOST_SURPRISING))


def signals(attempt: Attempt, history: History) -> Signals:
    own, device = history.get(Subject.ACCOUNT, ()), history.get(Subject.DEVICE, ())
    purchase = (attempt.customer_id, attempt.amount.cents)
    usual = _usual_cents(attempt, own)
    known_days = max(0.0, (attempt.at - own[-1].at).total_seconds() / DAY_SECONDS) if own else 0.0
    return Signals(
        bursts={
            each: burst(each, history.get(each, ()), now=attempt.at, purchase=purchase) for each in Subject
        },
        sharing={each: _sharing(attempt, history.get(each, ())) for each in SHARED},
        account_cards=_cards(attempt, own),
        device_cards=_cards(attempt, device),
        unfamiliar=_unfamiliar(attempt, own),
        times_usual_amount=attempt.amount.cents / usual,
        times_usual_spent=_spent(attempt, own) / usual,
        account_age=_account_age(known_days, own),
        days_known=known_days,
        found_fraud=frozenset(
            each for each in PERSONAL if any(past.is_fraud for past in history.get(each, ()))
        ),
        is_found_genuine=any(_clears(past, attempt) for past in own),
        doubtful=frozenset() if attempt.is_card_unmistakable else frozenset({Subject.CARD}),
    )


def _clears(past: Past, attempt: Attempt) -> bool:
    """What staff let pass lately lets the like pass: the same card, and no larger an amount."""
    is_the_like = past.card == attempt.card_digest and past.amount_cents >= attempt.amount.cents
    return past.is_fraud is False and is_the_like and past.at > attempt.at - WEEK


def _account_age(known_days: float, own: Sequence[Past]) -> AccountAge:
    if not own:
        return AccountAge.FIRST
    return AccountAge.YOUNG if known_days < SETTLED_DAYS else AccountAge.SETTLED


def _sharing(attempt: Attempt, past: Sequence[Past]) -> Sharing:
    others = {each.customer_id for each in past} - {attempt.customer_id}
    lately = {each.customer_id for each in past if each.at > attempt.at - DAY} - {attempt.customer_id}
    return Sharing(len(lately), len(others))


def _cards(attempt: Attempt, past: Sequence[Past]) -> int:
    used = {each.card for each in past if each.at > attempt.at - MONTH} | {attempt.card_digest}
    return len(used - {None})


def _unfamiliar(attempt: Attempt, own: Sequence[Past]) -> frozenset[Subject]:
    """What the account had not used a week ago: a stranger's second order is as strange as the first."""
    settled = [each for each in own if each.at <= attempt.at - WEEK]
    if not settled:
        return frozenset()
    known = {
        Subject.CARD: {each.card for each in settled},
        Subject.ADDRESS: {each.address for each in settled},
        Subject.DEVICE: {each.device for each in settled},
        Subject.IP: {each.ip for each in settled},
    }
    return frozenset(each for each in SHARED if attempt.digest(each) not in known[each] | {None})


def _usual_cents(attempt: Attempt, own: Sequence[Past]) -> float:
    """The geometric mean of what was paid before the last two days: one large order does not move it much."""
    paid = [
        log(each.amount_cents) for each in own if each.at <= attempt.at - LATELY and each.amount_cents > 0
    ]
    return exp(sum(paid) / len(paid)) if len(paid) >= USUAL_FROM else max(1.0, attempt.amount.cents)


def _spent(attempt: Attempt, own: Sequence[Past]) -> int:
    """In the last two days with this attempt; a purchase tried again counts once."""
    paid = {each.amount_cents for each in own if each.at > attempt.at - LATELY}
    return sum(paid | {attempt.amount.cents})
