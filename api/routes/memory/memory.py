"""What is remembered of a customer, added up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from api.authorization import ReadableCustomer
from api.deps import ClockDep, CustomerViewsDep, InventoryDep, MemoryDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.memory import ProfileOut, ProfileSummary
from memory.conversations.models import Interaction
from memory.customer_view.service import CustomerView

CONVERSATIONS = 10

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


@dataclass(frozen=True)
class ProfileRenderer:
    """Turns a customer view into what the API shows of it."""

    inventory: InventoryDep
    now: ClockDep

    def brief(self, customer_id: str, view: CustomerView, recent: Sequence[Interaction]) -> ProfileSummary:
        return ProfileSummary.summary(customer_id, view, recent=recent, now=self.now())

    def full(self, customer_id: str, view: CustomerView, recent: Sequence[Interaction]) -> ProfileOut:
        names = {each.id: each.name for each in self.inventory.products()}
        return ProfileOut.of(self.brief(customer_id, view, recent), view, names)


ProfilesDep = Annotated[ProfileRenderer, Depends()]


@router.get("/profile/{customer_id}")
def get_memory_profile(
    customer_id: ReadableCustomer, memory: MemoryDep, customer_views: CustomerViewsDep, profiles: ProfilesDep
) -> Envelope[ProfileOut]:
    """Get what a customer's words and purchases add up to, and what is expected of the customer."""
    recent = memory.latest(customer_id, CONVERSATIONS)
    view = customer_views.of(customer_id)
    return Envelope(data=profiles.full(customer_id, view, recent))
