"""What customers have stated about themselves: current and former values, with their source."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime, Field

from api.authorization import ReadableCustomer
from api.deps import MemoryDep
from api.envelope import Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, time_key
from api.routing import api_router
from api.schemas.base import EXAMPLE_MOMENT, PlainText
from api.schemas.memory import FactOut
from memory.facts.models import Fact
from memory.facts.store import LONGEST_PREDICATE

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)
FactPages = Annotated[PageRequest, Depends(PageOf("facts", (str, int, str)))]
History = Annotated[bool, Query(description="Whether to include values that were replaced or withdrawn.")]
Predicate = Annotated[
    Annotated[PlainText, Field(max_length=LONGEST_PREDICATE)] | None,
    Query(description="Only facts with this predicate.", examples=["budget"]),
]
Moment = Annotated[
    AwareDatetime | None,
    Query(alias="asOf", description="Facts that held at this time.", examples=[EXAMPLE_MOMENT]),
]


@router.get("/facts/{customer_id}")
def list_facts(
    customer_id: ReadableCustomer,
    memory: MemoryDep,
    page: FactPages,
    history: History = False,  # noqa: FBT002 - by name
    predicate: Predicate = None,
    as_of: Moment = None,
) -> Page[FactOut]:
    """List the facts that hold now or held at a time, by predicate.

    With `history` the list holds every value that was ever stated until then, the earliest first.
    """
    found = memory.fact_history(customer_id) if history else memory.facts(customer_id, as_of=as_of)
    wanted = [
        each
        for each in found
        if (predicate is None or each.predicate == predicate.casefold())
        and (as_of is None or each.valid_from <= as_of)
    ]
    return page.cut(wanted, FactOut.of, key=_history_key if history else _fact_key)


def _fact_key(fact: Fact) -> Key:
    return (fact.predicate, *time_key(fact.valid_from, fact.id))


def _history_key(fact: Fact) -> Key:
    return ("", *time_key(fact.recorded_at, fact.id))
