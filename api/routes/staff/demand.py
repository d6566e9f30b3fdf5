"""What to order again, for whoever runs the shop."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api.authorization import Manager
from api.deps import DemandDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Schema, Timestamp
from commerce.demand.models import Suggestion

router = api_router(
    prefix="/api/demand",
    tag="demand",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class SuggestionShown(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "productId": "prd_owl",
                "name": "Night Owl Gummies",
                "onHand": 12,
                "leadDays": 14,
                "serviceLevel": 0.95,
                "expected": 18.4,
                "reorderPoint": 29,
                "toOrder": 36,
                "why": "About 18.4 are sold in 14 days (mostly by TSB of 40 weeks); "
                "in 95% of such times 29 last. On hand: 12.",
                "computedAt": "2026-03-01T10:30:00.000Z",
            }
        }
    )

    product_id: str
    name: str
    on_hand: int
    lead_days: int
    service_level: Annotated[float, Field(gt=0, lt=1)]
    expected: float | None
    """Sales until an order arrives; null when too little is known."""
    reorder_point: int | None
    to_order: Annotated[int, Field(ge=0)]
    why: str
    computed_at: Timestamp

    @classmethod
    def of(cls, suggestion: Suggestion) -> "SuggestionShown":
        return cls.model_validate(suggestion)


@router.get("/reorder")
def list_reorder_suggestions(_: Manager, demand: DemandDep) -> Envelope[list[SuggestionShown]]:
    """Suggestions as computed last night, what to order first; empty until the first night."""
    return Envelope(data=[SuggestionShown.of(each) for each in demand.suggestions()])
