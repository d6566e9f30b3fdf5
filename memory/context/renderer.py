"""A context as a model reads it: line by line, and behind each item in brackets where it comes from."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from foundation.money import Money
from memory.context.models import Depth, MemoryContext, one_line
from memory.conversations.models import Interaction, Speaker, day
from memory.customer_view.service import Preferences
from memory.facts.models import ABOUT_THEMSELVES, Fact, Origin
from memory.knowledge.service import Quote
from memory.predictions.models import Suggestion
from memory.retrieval.products import ProductMatch

LONGEST_PASSAGE = 600
"""Characters of one passage."""


def render_context(context: MemoryContext) -> str:
    """The same for the same content; empty when nothing is known.

    What changes seldom comes first, so that a prompt cache can keep the beginning.
    """
    lines = _Lines(context)
    parts = (
        ("Facts", lines.facts()),
        ("How the customer stands with the shop", lines.eligibility()),
        ("Expected, not certain", lines.forecast()),
        ("About the customer", lines.profile()),
        ("Last turns, newest first", lines.recent()),
        ("Earlier turns that fit this message", lines.relevant()),
        ("Products that fit this message", lines.products()),
        ("From the shop's documents", lines.quotes()),
        ("Not available now", (f"- {name}" for name in context.missing)),
    )
    written = ((title, "\n".join(each)) for title, each in parts)
    return "\n".join(f"{title}:\n{text}" for title, text in written if text)


class _Lines:
    def __init__(self, context: MemoryContext) -> None:
        self._context = context
        self._view = context.view

    def facts(self) -> Iterator[str]:
        return (fact_line(fact, self._context.zone) for fact in self._context.facts)

    def eligibility(self) -> Iterator[str]:
        if self._context.depth is Depth.BRIEF or not self._is_known:
            return
        yield self._age()
        yield self._membership()
        yield from self._purchases()
        yield from _preferences(self._view.preferences)

    def forecast(self) -> Iterator[str]:
        forecast = self._view.forecast
        if forecast is None:
            return
        yield (
            f"- buys nothing in the next {forecast.horizon_days} days: {forecast.churn_risk:.0%} likely;"
            f" if they buy, between {forecast.not_before:%-d %B %Y} and {forecast.not_after:%-d %B %Y},"
            f" four times in five [{forecast.model_version}]"
        )
        for title, shelf in (("buy again", forecast.shelves.again), ("may like", forecast.shelves.discover)):
            yield from (_suggestion(title, each) for each in shelf)

    def profile(self) -> Iterator[str]:
        profile = self._view.profile
        if profile.first_at is None or profile.last_at is None:
            return
        topics = ", ".join(profile.favourite_topics)
        yield (
            f"- {profile.interactions} turns since {self._day(profile.first_at)}, the last on"
            f" {self._day(profile.last_at)} by {profile.last_channel} [profile {self._view.version}]"
        )
        speaks = f"; speaks most of {topics}" if topics else ""
        yield f"- writes by {profile.preferred_channel}, {profile.style}{speaks}"

    def recent(self) -> Iterator[str]:
        for turn in self._context.recent:
            yield from self._turn(turn)

    def relevant(self) -> Iterator[str]:
        for each in self._context.relevant:
            yield from self._turn(each.interaction, why=each.why)

    def products(self) -> Iterator[str]:
        return map(product_line, self._context.products)

    def quotes(self) -> Iterator[str]:
        return map(quote_line, self._context.quotes)

    def _turn(self, turn: Interaction, *, why: str = "") -> Iterator[str]:
        reason = f", {why}" if why else ""
        yield f"- {self._day(turn.at)} by {turn.channel}{reason} [{turn.id}]"
        yield from (f'  {speaker}: "{one_line(turn.words_of(speaker))}"' for speaker in Speaker)

    def _age(self) -> str:
        age = self._view.eligibility.age
        if not age.verified:
            return "- age: not verified [age]"
        until = f" until {self._day(age.expires_at)}" if age.expires_at else ""
        return f"- age: verified{until} [age]"

    def _membership(self) -> str:
        membership = self._view.eligibility.membership
        if membership is None:
            return "- no membership [membership]"
        charged = membership.next_billing_at
        following = f", next charged on {self._day(charged)}" if charged else ""
        return (
            f"- {membership.tier} member, {membership.status}, {membership.percent} % off, since"
            f" {self._day(membership.started_at)}{following} [membership]"
        )

    def _purchases(self) -> Iterator[str]:
        behaviour = self._view.behaviour
        if behaviour.last_at is not None:
            often = f", {behaviour.frequency}" if behaviour.frequency else ""
            yield (
                f"- {behaviour.purchases} purchases for {Money(behaviour.spent_cents)}{often}, the last on"
                f" {self._day(behaviour.last_at)} [purchases]"
            )

    @property
    def _is_known(self) -> bool:
        view = self._view
        return bool(view.version or view.behaviour.purchases or view.eligibility.membership)

    def _day(self, moment: datetime) -> str:
        return day(moment, self._context.zone)


def fact_line(fact: Fact, zone: ZoneInfo) -> str:
    whose = "" if fact.subject == ABOUT_THEMSELVES else f"their {fact.subject}: "
    seen = "by what they buy, " if fact.origin is Origin.BEHAVIOUR else ""
    since = day(fact.valid_from, zone)
    return f"- {whose}{fact.predicate}: {fact.value} ({seen}since {since}) [{fact.id}]"


def product_line(match: ProductMatch) -> str:
    product = match.product
    return f"- {product.name}, {Money(product.price_cents)}: {match.why} [{product.id}]"


def quote_line(quote: Quote) -> str:
    headings = " > ".join(quote.passage.headings) or quote.title
    return f'- {headings}: "{one_line(quote.passage.text, longest=LONGEST_PASSAGE)}" [{quote.id}]'


def _suggestion(title: str, suggestion: Suggestion) -> str:
    return f"- {title}: {suggestion.name}. {suggestion.reason} [{suggestion.product_id}]"


def _preferences(preferences: Preferences) -> Iterator[str]:
    wanted = (*preferences.categories, *preferences.effects, *preferences.flavours)
    if wanted:
        yield f"- asks for or speaks of: {', '.join(wanted)} [preferences]"
    if preferences.least_cents is not None and preferences.most_cents is not None:
        paid = f"{Money(preferences.least_cents)} to {Money(preferences.most_cents)}"
        yield f"- pays {paid} a piece [preferences]"
