"""What customers have told of themselves: what holds, what held before, and where it comes from."""

from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, Field

from api.authorization import ReadableCustomer
from api.deps import MemoryDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import PlainText, Schema, Timestamp
from memory.facts.models import Origin
from memory.facts.store import LONGEST_PREDICATE, Fact

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class FactShown(Schema):
    id: str
    subject: str
    """Whom it is about."""
    predicate: str
    value: str
    holds: bool
    """False for what was taken back."""
    confidence: float
    origin: Origin
    source: str | None
    """The turn in which it was said."""
    valid_from: Timestamp
    valid_to: Timestamp | None
    """When something else took its place."""
    recorded_at: Timestamp

    @classmethod
    def of(cls, fact: Fact) -> "FactShown":
        return cls(**{name: getattr(fact, name) for name in cls.model_fields})


@router.get("/facts/{customer_id}")
def list_facts(
    customer_id: ReadableCustomer,
    memory: MemoryDep,
    history: Annotated[bool, Query(description="also what holds no more")] = False,  # noqa: FBT002 - by name
    predicate: Annotated[PlainText, Field(max_length=LONGEST_PREDICATE)] | None = None,
    as_of: Annotated[AwareDatetime, Query(description="what held then")] | None = None,
) -> Envelope[list[FactShown]]:
    """What holds now, or held at a moment; with the history, all that was ever said until then."""
    found = memory.fact_history(customer_id) if history else memory.facts(customer_id, as_of=as_of)
    shown = [
        FactShown.of(each)
        for each in found
        if (predicate is None or each.predicate == predicate.casefold())
        and (as_of is None or each.valid_from <= as_of)
    ]
    return Envelope(data=shown)
