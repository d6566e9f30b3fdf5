"""A customer as the shop knows them: what they said, what they talk about and what they buy, in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from foundation.sql import Ledger
from foundation.text.numbers import Kind, values
from foundation.text.reader import general_reader
from memory.customer_view.partial import Parts
from memory.facts.models import ABOUT_THEMSELVES, Fact
from memory.facts.store import Facts
from memory.ports import NO_TERMS, Eligibility, EligibilityPort, NameKind, ShopTerms
from memory.predictions import purchases
from memory.predictions.behaviour import Behaviour
from memory.predictions.models import Forecast
from memory.predictions.service import Predictions
from memory.profiles.models import Profile
from memory.profiles.store import ProfileStore

STATED: Mapping[NameKind, Sequence[str]] = {
    "category": ("preferred category", "likes"),
    "effect": ("uses for", "preferred effect"),
    "flavour": ("preferred flavour", "likes"),
}
SHOWN = 5


@dataclass(frozen=True)
class Preferences:
    categories: tuple[str, ...]
    effects: tuple[str, ...]
    flavours: tuple[str, ...]
    least_cents: int | None
    most_cents: int | None
    """What they said they spend at most, or else what they paid for a piece."""


@dataclass(frozen=True)
class CustomerView:
    profile: Profile = field(default_factory=Profile)
    behaviour: Behaviour = field(default_factory=Behaviour)
    facts: Sequence[Fact] = ()
    """Those that hold."""
    version: int = 0
    """Of the profile: how many interactions it was made from."""
    forecast: Forecast | None = None
    """None while too little is known to forecast anything."""
    eligibility: Eligibility = field(default_factory=Eligibility)
    missing: tuple[str, ...] = ()
    """Parts that could not be read this time."""
    terms: ShopTerms = NO_TERMS

    @property
    def preferences(self) -> Preferences:
        """What they said first, then what they speak of most; never what they dislike."""
        categories, effects, flavours = (self._preferred(kind) for kind in STATED)
        budget = next((cents for said in self._said("budget") for cents in _cents(said)), None)
        return Preferences(
            categories,
            effects,
            flavours,
            least_cents=self.behaviour.least_cents,
            most_cents=budget if budget is not None else self.behaviour.most_cents,
        )

    def preferred_channel(self) -> str | None:
        """The one they asked for, or else the one they use."""
        return next(iter(self._said("preferred channel")), self.profile.preferred_channel)

    def engagement(self, now: datetime) -> float:
        return self.profile.engagement(now)

    def _preferred(self, kind: NameKind) -> tuple[str, ...]:
        spoken_of = self.profile.named.get(kind, {})
        by_count = sorted(spoken_of, key=lambda name: (-spoken_of[name], name))
        stated = [value for value in self._said(*STATED[kind]) if self.terms.kinds.get(value) == kind]
        disliked = set(self._said("dislikes"))
        wanted = dict.fromkeys([*stated, *by_count])
        return tuple(each for each in wanted if each not in disliked)[:SHOWN]

    def _said(self, *predicates: str) -> list[str]:
        own = [each for each in self.facts if each.subject == ABOUT_THEMSELVES]
        return [each.value for name in predicates for each in own if each.predicate == name]


def _cents(said: str) -> list[int]:
    """The amounts of dollars in a statement."""
    return [int(100 * value) for value in values(general_reader().read(said).words, Kind.MONEY)]


def of_words(profiles: ProfileStore, facts: Facts, customer_id: str, parts: Parts) -> CustomerView:
    """What comes of a customer's own words alone: profile and facts."""
    version, profile = parts.read("profile", lambda: profiles.read(customer_id), (0, Profile()))
    held: Sequence[Fact] = parts.read("facts", lambda: facts.current(customer_id), ())
    return CustomerView(profile=profile, version=version, facts=tuple(held))


class CustomerViews:
    """Reads all of a customer; a part that fails is left out and named."""

    def __init__(
        self,
        ledger: Ledger,
        facts: Facts,
        predictions: Predictions,
        eligibility: EligibilityPort,
        terms: ShopTerms = NO_TERMS,
    ) -> None:
        self._ledger = ledger
        self._profiles = ProfileStore(ledger)
        self._facts = facts
        self._predictions = predictions
        self._eligibility = eligibility
        self._terms = terms

    def of(self, customer_id: str) -> CustomerView:
        """Empty for an unknown customer."""
        parts = Parts()
        said = of_words(self._profiles, self._facts, customer_id, parts)
        behaviour = parts.read("purchases", lambda: self.behaviour(customer_id), Behaviour())
        forecast = parts.read("predictions", lambda: self._predictions.forecast(customer_id), None)
        eligibility = parts.read(
            "standing", lambda: self._eligibility.eligibility(customer_id), Eligibility()
        )
        missing = tuple(parts.missing)
        return replace(
            said,
            behaviour=behaviour,
            forecast=forecast,
            eligibility=eligibility,
            missing=missing,
            terms=self._terms,
        )

    def behaviour(self, customer_id: str) -> Behaviour:
        with self._ledger.autocommit() as connection:
            return purchases.behaviour(connection, customer_id)
