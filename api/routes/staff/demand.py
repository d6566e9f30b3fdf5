"""What to order again, for whoever runs the shop."""

from typing import Annotated

from fastapi import Depends

from api.authorization import Manager
from api.deps import DemandDep
from api.envelope import Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest
from api.routing import api_router
from api.schemas.business import ReorderSuggestion
from commerce.demand.models import Suggestion

router = api_router(
    prefix="/api/demand",
    tag="demand",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)
SuggestionPages = Annotated[PageRequest, Depends(PageOf("reorder", (int, str, str)))]


@router.get("/reorder")
def list_reorder_suggestions(_: Manager, demand: DemandDep, page: SuggestionPages) -> Page[ReorderSuggestion]:
    """List the reorder suggestions of last night, the largest first; empty before the first night."""
    return page.cut(demand.suggestions(), ReorderSuggestion.of, key=_suggestion_key)


def _suggestion_key(suggestion: Suggestion) -> Key:
    return (-suggestion.to_order, suggestion.name, suggestion.product_id)
