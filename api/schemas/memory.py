"""What is remembered of a customer: profile, facts, interactions, context."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.base import Schema, Timestamp, example
from api.schemas.ids import CustomerRef
from api.schemas.money import Amount
from foundation.money import Money
from memory.conversations.models import Interaction
from memory.customer_view.service import CustomerView, Preferences
from memory.facts.models import Fact, Origin
from memory.ports import AgeEligibility, MembershipEligibility
from memory.predictions.behaviour import Behaviour, Frequency
from memory.predictions.models import Forecast
from memory.profiles.models import Style

RECOMMENDED = 3
"""Products of each kind of recommendation."""
STYLES: Mapping[Style, Literal["concise", "detailed"]] = {"brief": "concise", "detailed": "detailed"}
Names = Mapping[str, str]
"""Of products, by id."""
Words = Annotated[list[str], Field(examples=[["sleep"]])]
ProductNames = Annotated[list[str], Field(examples=[["Night Owl Gummies"]])]
Parts = Annotated[list[str], Field(examples=[[]])]


class PriceRange(Schema):
    """Prices that the customer pays or asked for."""

    min: Amount | None
    """Lowest price; null when it is not known."""
    max: Amount | None
    """Highest price; null when it is not known."""


class LearnedPreferences(Schema):
    """What the customer likes, from words and purchases."""

    categories: Words
    """Categories of products."""
    price_range: PriceRange
    """Prices."""
    flavors: Words
    """Flavours."""
    effects: Words
    """Effects."""

    @classmethod
    def of(cls, preferences: Preferences) -> "LearnedPreferences":
        return cls(
            categories=list(preferences.categories),
            price_range=PriceRange(min=_money(preferences.least_cents), max=_money(preferences.most_cents)),
            flavors=list(preferences.flavours),
            effects=list(preferences.effects),
        )


class PurchaseBehaviour(Schema):
    """What the customer has bought."""

    total_purchases: int
    """Number of purchases."""
    total_spent: Amount
    """Sum of the purchases."""
    average_order_value: Amount | None
    """Mean of the purchases; null without one."""
    purchase_frequency: Frequency | None
    """How often the customer buys; null when too little is known."""
    last_purchase_date: Timestamp | None
    """When the customer last bought; null without a purchase."""
    favorite_products: ProductNames
    """Names of the products bought most."""

    @classmethod
    def of(cls, behaviour: Behaviour, names: Names) -> "PurchaseBehaviour":
        return cls(
            total_purchases=behaviour.purchases,
            total_spent=Money(behaviour.spent_cents),
            average_order_value=_money(behaviour.average_cents),
            purchase_frequency=behaviour.frequency,
            last_purchase_date=behaviour.last_at,
            favorite_products=_named(behaviour.favourite_products, names),
        )


class InteractionOut(Schema):
    """One message of the customer and its answer."""

    model_config = example(
        id="trn_9b1e",
        channel="chat",
        message="Do you have something for sleep?",
        response="Night Owl Gummies are made for the evening.",
        why=None,
    )

    id: str
    """Id of the interaction."""
    at: Timestamp
    """When it took place."""
    channel: str
    """Channel, such as `chat` or `voice`."""
    message: str
    """Words of the customer."""
    response: str
    """The answer."""
    why: str | None = None
    """What it was found by; null when it was not searched for."""

    @classmethod
    def of(cls, turn: Interaction, *, why: str | None = None) -> "InteractionOut":
        return cls(
            id=turn.id,
            at=turn.at,
            channel=turn.channel,
            message=turn.message,
            response=turn.response,
            why=why,
        )


class ConversationHistory(Schema):
    """The customer's conversations."""

    total_interactions: int
    """Number of interactions."""
    first_interaction_date: Timestamp | None
    """When the first took place; null without one."""
    last_interaction_date: Timestamp | None
    """When the last took place; null without one."""
    topics: Words
    """Topics talked about most."""
    recent_conversations: list[InteractionOut]
    """The last ten interactions, the latest first."""


class CommunicationStyle(Schema):
    """How the customer communicates."""

    model_config = example(preferredChannel="chat", responseStyle="concise", engagement=0.7)

    preferred_channel: str | None
    """Channel used most; null when it is not known."""
    response_style: Literal["concise", "detailed"] | None
    """Length of the customer's messages; null when it is not known."""
    engagement: float
    """How much the customer takes part, from 0 to 1."""


class PredictionSummary(Schema):
    """What is expected of the customer."""

    churn_risk: float
    """Probability that nothing is bought within the horizon."""
    next_purchase_date: date
    """Most likely day of the next purchase, if there is one."""
    recommended_products: ProductNames
    """Names of recommended products."""

    @classmethod
    def of(cls, forecast: Forecast, names: Names) -> "PredictionSummary":
        shelves = (forecast.shelves.again, forecast.shelves.discover)
        recommended = [each.product_id for shelf in shelves for each in shelf[:RECOMMENDED]]
        return cls(
            churn_risk=forecast.churn_risk,
            next_purchase_date=forecast.next_purchase,
            recommended_products=_named(recommended, names),
        )


class AgeSummary(Schema):
    """The customer's proof of age."""

    model_config = example(verified=True, verificationMethod="full_verification")

    verified: bool
    """Whether the customer may buy what is for adults."""
    verification_date: Timestamp | None
    """When the age was verified; null without a proof."""
    verification_method: str | None
    """How it was verified; null without a proof."""
    expires_at: Timestamp | None
    """When the proof ends; null without one."""

    @classmethod
    def of(cls, age: AgeEligibility) -> "AgeSummary":
        return cls(
            verified=age.verified,
            verification_date=age.verified_at,
            verification_method=age.method,
            expires_at=age.expires_at,
        )


class MembershipSummary(Schema):
    """The customer's membership."""

    model_config = example(tier="GOLD", status="active", discountPercent=30)

    tier: str
    """The tier."""
    status: str
    """State of the membership."""
    discount_percent: int
    """Discount on every order, in percent."""
    start_date: Timestamp
    """When it began."""
    next_billing_date: Timestamp | None
    """When the card is charged next; null when it will not be."""

    @classmethod
    def of(cls, membership: MembershipEligibility) -> "MembershipSummary":
        return cls(
            tier=membership.tier,
            status=membership.status,
            discount_percent=membership.percent,
            start_date=membership.started_at,
            next_billing_date=membership.next_billing_at,
        )


class ProfileSummary(Schema):
    """The customer's conversations."""

    model_config = example(version="17")

    customer_id: CustomerRef
    version: str
    """Version of the profile; it changes with every interaction."""
    conversation_history: ConversationHistory
    """Conversations."""
    communication: CommunicationStyle
    """Style of communication."""

    @classmethod
    def summary(
        cls, customer_id: str, view: CustomerView, *, recent: Sequence[Interaction], now: datetime
    ) -> "ProfileSummary":
        profile = view.profile
        return ProfileSummary(
            customer_id=customer_id,
            version=str(view.version),
            conversation_history=ConversationHistory(
                total_interactions=profile.interactions,
                first_interaction_date=profile.first_at,
                last_interaction_date=profile.last_at,
                topics=profile.favourite_topics,
                recent_conversations=[InteractionOut.of(turn) for turn in recent],
            ),
            communication=CommunicationStyle(
                preferred_channel=view.preferred_channel(),
                response_style=None if profile.style is None else STYLES[profile.style],
                engagement=view.engagement(now),
            ),
        )


class ProfileOut(ProfileSummary):
    """Everything that is known of the customer, added up."""

    model_config = example(version="17")

    preferences: LearnedPreferences
    """Preferences."""
    behavioral: PurchaseBehaviour
    """Purchases."""
    predictions: PredictionSummary | None
    """Expectations; null while too little is known."""
    age_verification: AgeSummary
    """Proof of age."""
    membership: MembershipSummary | None
    """Membership; null without one."""
    missing: Parts
    """Parts that could not be read this time."""

    @classmethod
    def of(cls, summary: ProfileSummary, view: CustomerView, names: Names) -> "ProfileOut":
        forecast, eligibility = view.forecast, view.eligibility
        return cls(
            **dict(summary),
            preferences=LearnedPreferences.of(view.preferences),
            behavioral=PurchaseBehaviour.of(view.behaviour, names),
            predictions=None if forecast is None else PredictionSummary.of(forecast, names),
            age_verification=AgeSummary.of(eligibility.age),
            membership=None
            if eligibility.membership is None
            else MembershipSummary.of(eligibility.membership),
            missing=list(view.missing),
        )


class FactOut(Schema):
    """Something that the customer stated, and how long it holds."""

    model_config = example(
        id="fct_5v6b4n8f",
        subject="customer",
        predicate="budget",
        value="$40",
        source="trn_9b1e",
        validTo=None,
    )

    id: str
    """Id of the fact."""
    subject: str
    """Whom it is about."""
    predicate: str
    """What is stated."""
    value: str
    """Value of the statement."""
    holds: bool
    """False for what was withdrawn."""
    confidence: float
    """Confidence, from 0 to 1."""
    origin: Origin
    """Who stated it."""
    source: str | None
    """Id of the interaction in which it was stated; null when there is none."""
    valid_from: Timestamp
    """Since when it holds."""
    valid_to: Timestamp | None
    """When another value replaced it; null while it holds."""
    recorded_at: Timestamp
    """When it was recorded."""

    @classmethod
    def of(cls, fact: Fact) -> "FactOut":
        return cls(**{name: getattr(fact, name) for name in cls.model_fields})


def _money(cents: int | None) -> Money | None:
    return None if cents is None else Money(cents)


def _named(product_ids: Sequence[str], names: Names) -> list[str]:
    """Without products that are no longer sold."""
    return [names[each] for each in product_ids if each in names]
