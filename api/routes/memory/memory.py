"""What the shop remembers of a customer, shown to the customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends

from api.deps import ClockDep, CustomerViewsDep, InventoryDep, MemoryDep, ReadableCustomer
from api.envelope import Envelope
from api.errors import refusals
from api.shapes import Dollars, Shape, Timestamp
from foundation.money import Money
from memory.conversations.models import Interaction
from memory.customer_view.service import CustomerView, Preferences
from memory.ports import AgeEligibility, MembershipEligibility
from memory.predictions.behaviour import Behaviour, Frequency
from memory.predictions.models import Forecast
from memory.profiles.models import Style

CONVERSATIONS = 10
RECOMMENDED = 3
"""Of each shelf."""
STYLES: Mapping[Style, Literal["concise", "detailed"]] = {"brief": "concise", "detailed": "detailed"}
Names = Mapping[str, str]
"""Of products, by id."""

router = APIRouter(
    prefix="/api/memory",
    tags=["memory"],
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class PriceRange(Shape):
    min: Dollars | None
    max: Dollars | None


class PreferencesShown(Shape):
    categories: list[str]
    price_range: PriceRange
    flavors: list[str]
    effects: list[str]

    @classmethod
    def of(cls, preferences: Preferences) -> "PreferencesShown":
        return cls(
            categories=list(preferences.categories),
            price_range=PriceRange(min=_money(preferences.least_cents), max=_money(preferences.most_cents)),
            flavors=list(preferences.flavours),
            effects=list(preferences.effects),
        )


class BehavioralShown(Shape):
    total_purchases: int
    total_spent: Dollars
    average_order_value: Dollars | None
    purchase_frequency: Frequency | None
    last_purchase_date: Timestamp | None
    favorite_products: list[str]

    @classmethod
    def of(cls, behaviour: Behaviour, names: Names) -> "BehavioralShown":
        return cls(
            total_purchases=behaviour.purchases,
            total_spent=Money(behaviour.spent_cents),
            average_order_value=_money(behaviour.average_cents),
            purchase_frequency=behaviour.frequency,
            last_purchase_date=behaviour.last_at,
            favorite_products=_named(behaviour.favourite_products, names),
        )


class TurnShown(Shape):
    id: str
    at: Timestamp
    channel: str
    message: str
    response: str
    why: str | None = None

    @classmethod
    def of(cls, turn: Interaction, *, why: str | None = None) -> "TurnShown":
        return cls(
            id=turn.id,
            at=turn.at,
            channel=turn.channel,
            message=turn.message,
            response=turn.response,
            why=why,
        )


class ConversationHistory(Shape):
    total_interactions: int
    first_interaction_date: Timestamp | None
    last_interaction_date: Timestamp | None
    topics: list[str]
    recent_conversations: list[TurnShown]
    """The last ten turns, the newest first."""


class Communication(Shape):
    preferred_channel: str | None
    response_style: Literal["concise", "detailed"] | None
    engagement: float


class PredictionsShown(Shape):
    churn_risk: float
    next_purchase_date: date
    """Should they buy within the horizon."""
    recommended_products: list[str]

    @classmethod
    def of(cls, forecast: Forecast, names: Names) -> "PredictionsShown":
        shelves = (forecast.shelves.again, forecast.shelves.discover)
        recommended = [each.product_id for shelf in shelves for each in shelf[:RECOMMENDED]]
        return cls(
            churn_risk=forecast.churn_risk,
            next_purchase_date=forecast.next_purchase,
            recommended_products=_named(recommended, names),
        )


class AgeVerificationShown(Shape):
    verified: bool
    verification_date: Timestamp | None
    verification_method: str | None
    expires_at: Timestamp | None

    @classmethod
    def of(cls, age: AgeEligibility) -> "AgeVerificationShown":
        return cls(
            verified=age.verified,
            verification_date=age.verified_at,
            verification_method=age.method,
            expires_at=age.expires_at,
        )


class MembershipShown(Shape):
    tier: str
    status: str
    discount_percent: int
    start_date: Timestamp
    next_billing_date: Timestamp | None

    @classmethod
    def of(cls, membership: MembershipEligibility) -> "MembershipShown":
        return cls(
            tier=membership.tier,
            status=membership.status,
            discount_percent=membership.percent,
            start_date=membership.started_at,
            next_billing_date=membership.next_billing_at,
        )


class BriefProfile(Shape):
    customer_id: str
    version: str
    """Another one whenever a conversation was added."""
    conversation_history: ConversationHistory
    communication: Communication

    @classmethod
    def brief(
        cls, customer_id: str, view: CustomerView, *, recent: Sequence[Interaction], now: datetime
    ) -> "BriefProfile":
        profile = view.profile
        return BriefProfile(
            customer_id=customer_id,
            version=str(view.version),
            conversation_history=ConversationHistory(
                total_interactions=profile.interactions,
                first_interaction_date=profile.first_at,
                last_interaction_date=profile.last_at,
                topics=profile.favourite_topics,
                recent_conversations=[TurnShown.of(turn) for turn in recent],
            ),
            communication=Communication(
                preferred_channel=view.preferred_channel(),
                response_style=None if profile.style is None else STYLES[profile.style],
                engagement=view.engagement(now),
            ),
        )


class ProfileShown(BriefProfile):
    preferences: PreferencesShown
    behavioral: BehavioralShown
    predictions: PredictionsShown | None
    """Null while too little is known to forecast anything."""
    age_verification: AgeVerificationShown
    membership: MembershipShown | None
    missing: list[str]
    """Parts that could not be read this time."""

    @classmethod
    def of(cls, brief: BriefProfile, view: CustomerView, names: Names) -> "ProfileShown":
        forecast, standing = view.forecast, view.eligibility
        return cls(
            **dict(brief),
            preferences=PreferencesShown.of(view.preferences),
            behavioral=BehavioralShown.of(view.behaviour, names),
            predictions=None if forecast is None else PredictionsShown.of(forecast, names),
            age_verification=AgeVerificationShown.of(standing.age),
            membership=None if standing.membership is None else MembershipShown.of(standing.membership),
            missing=list(view.missing),
        )


@dataclass(frozen=True)
class ProfileRenderer:
    """Turns a customer view into what the API shows of it."""

    inventory: InventoryDep
    now: ClockDep

    def brief(self, customer_id: str, view: CustomerView, recent: Sequence[Interaction]) -> BriefProfile:
        return BriefProfile.brief(customer_id, view, recent=recent, now=self.now())

    def full(self, customer_id: str, view: CustomerView, recent: Sequence[Interaction]) -> ProfileShown:
        names = {each.id: each.name for each in self.inventory.products()}
        return ProfileShown.of(self.brief(customer_id, view, recent), view, names)


ProfilesDep = Annotated[ProfileRenderer, Depends()]


@router.get("/profile/{customer_id}")
def customer_profile(
    customer_id: ReadableCustomer,
    memory: MemoryDep,
    views: CustomerViewsDep,
    profiles: ProfilesDep,
) -> Envelope[ProfileShown]:
    """What a customer's words and purchases add up to, what to expect of them, and how they stand."""
    recent = memory.latest(customer_id, CONVERSATIONS)
    view = views.of(customer_id)
    return Envelope(data=profiles.full(customer_id, view, recent))


def _money(cents: int | None) -> Money | None:
    return None if cents is None else Money(cents)


def _named(product_ids: Sequence[str], names: Names) -> list[str]:
    """Without what the shop sells no more."""
    return [names[each] for each in product_ids if each in names]
