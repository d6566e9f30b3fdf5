"""What the shop remembers of a customer, shown to the customer."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ReadableCustomer, TheHouse
from api.envelope import Envelope
from api.errors import refusals
from api.shapes import Shape, Timestamp, Words
from memory.context import MemoryContext
from memory.facts import Fact
from memory.interactions import Interaction
from memory.profiles import Profile

router = APIRouter(
    prefix="/api/memory",
    tags=["memory"],
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class ConversationHistory(Shape):
    total_interactions: int
    first_interaction_date: Timestamp | None
    last_interaction_date: Timestamp | None
    topics: list[str]


class Communication(Shape):
    preferred_channel: str | None
    response_style: str | None


class ProfileShown(Shape):
    customer_id: str
    conversation_history: ConversationHistory
    communication: Communication

    @classmethod
    def of(cls, customer_id: str, profile: Profile) -> "ProfileShown":
        return cls(
            customer_id=customer_id,
            conversation_history=ConversationHistory(
                total_interactions=profile.interactions,
                first_interaction_date=profile.first_at,
                last_interaction_date=profile.last_at,
                topics=profile.favourite_topics,
            ),
            communication=Communication(
                preferred_channel=profile.preferred_channel, response_style=profile.style
            ),
        )


class FactShown(Shape):
    id: str
    predicate: str
    value: str
    confidence: float
    valid_from: Timestamp

    @classmethod
    def of(cls, fact: Fact) -> "FactShown":
        return cls(
            id=fact.id,
            predicate=fact.predicate,
            value=fact.value,
            confidence=fact.confidence,
            valid_from=fact.valid_from,
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


class ContextShown(Shape):
    profile: ProfileShown
    facts: list[FactShown]
    recent: list[TurnShown]
    relevant: list[TurnShown]
    missing: list[str]
    """Parts that could not be read this time."""

    @classmethod
    def of(cls, context: MemoryContext) -> "ContextShown":
        return cls(
            profile=ProfileShown.of(context.customer_id, context.profile),
            facts=[FactShown.of(fact) for fact in context.facts],
            recent=[TurnShown.of(turn) for turn in context.recent],
            relevant=[TurnShown.of(each.interaction, why=each.why) for each in context.relevant],
            missing=list(context.missing),
        )


@router.get("/profile/{customer_id}")
def customer_profile(customer_id: ReadableCustomer, house: TheHouse) -> Envelope[ProfileShown]:
    """What the customer's conversations add up to."""
    return Envelope(data=ProfileShown.of(customer_id, house.services.memory.profile(customer_id)))


@router.get("/context/{customer_id}")
def memory_context(
    customer_id: ReadableCustomer,
    house: TheHouse,
    message: Annotated[Words, Query(max_length=4_000, examples=["something for sleep"])] = "",
) -> Envelope[ContextShown]:
    """What the agent would be given to know about the customer before it answers this message."""
    return Envelope(data=ContextShown.of(house.services.memory.context(customer_id, message)))
