"""A customer's right to everything we hold of them, and to be forgotten."""

from typing import Annotated, Any

from fastapi import Path, Response
from fastapi.encoders import jsonable_encoder

from api.authorization import Caller, ForgettableCustomer, ReadableCustomer
from api.deps import ForgettingDep, PersonalRowsDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Id, Schema, Timestamp
from memory.erasure.models import Status

ACCEPTED = 202

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)


class LeftShown(Schema):
    store: str
    place: str
    count: int


class Receipt(Schema):
    """Signed: `signature` covers every other field."""

    erasure_id: str
    customer_id: str
    status: Status
    asked_at: Timestamp
    erased_at: Timestamp | None
    """When the last store had nothing left of them."""
    purged_at: Timestamp | None
    """When the files beneath were found clean, in the night after."""
    erased: dict[str, int]
    left: list[LeftShown]
    signature: str


@router.get("/export/{customer_id}")
def export_customer(
    customer_id: ReadableCustomer, personal_rows: PersonalRowsDep
) -> Envelope[dict[str, Any]]:
    """Everything that we hold of a customer, by table, opened where it is sealed."""
    return Envelope(data=jsonable_encoder(personal_rows.export(customer_id)))


@router.delete("/forget/{customer_id}", responses={ACCEPTED: {"model": Envelope[Receipt]}})
def erase_customer(
    customer_id: ForgettableCustomer, principal: Caller, forgetting: ForgettingDep, response: Response
) -> Envelope[Receipt]:
    """Forget a customer everywhere, for good; the answer is a signed receipt.

    Where money is under way it is answered 202 and done as soon as that is settled. What the law makes
    us keep stays without anything that says who they were. In the night after, the files beneath every
    store are rewritten and searched, and the receipt gets its second date.
    """
    erasure = forgetting.forget(customer_id, by=principal.id)
    if erasure.status is Status.ASKED:
        response.status_code = ACCEPTED
    return Envelope(data=_shown(forgetting.receipt(erasure)))


@router.get("/erasures/{erasure_id}")
def get_erasure(erasure_id: Annotated[Id, Path()], forgetting: ForgettingDep) -> Envelope[Receipt]:
    """The receipt as it stands; whoever has been forgotten can sign in no more, so its id is enough."""
    return Envelope(data=_shown(forgetting.receipt(forgetting.find(erasure_id))))


def _shown(receipt: dict[str, Any]) -> Receipt:
    return Receipt.model_validate(receipt)
