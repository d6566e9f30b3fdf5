"""Export of everything that is held of a customer, and its erasure."""

from typing import Any

from fastapi import Response
from fastapi.encoders import jsonable_encoder

from api.authorization import Caller, ForgettableCustomer, ReadableCustomer
from api.deps import ErasuresDep, PersonalRowsDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.erasure import CustomerExport, ErasureReceipt
from api.schemas.ids import ErasurePath
from api.schemas.records import on_the_wire
from memory.erasure.models import Status

ACCEPTED = 202

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)


@router.get("/export/{customer_id}")
def export_customer(
    customer_id: ReadableCustomer, personal_rows: PersonalRowsDep
) -> Envelope[CustomerExport]:
    """Export everything that is held of a customer, by table, with sealed values opened."""
    rows = jsonable_encoder(on_the_wire(personal_rows.export(customer_id)))
    return Envelope(data=CustomerExport.model_validate(rows))


@router.delete(
    "/forget/{customer_id}",
    responses={
        ACCEPTED: {
            "model": Envelope[ErasureReceipt],
            "description": "A payment is under way: the erasure follows as soon as it is settled.",
        }
    },
)
def erase_customer(
    customer_id: ForgettableCustomer, principal: Caller, forgetting: ErasuresDep, response: Response
) -> Envelope[ErasureReceipt]:
    """Erase a customer everywhere, for good. The response is a signed receipt.

    What the law requires to be kept stays without anything that identifies the customer. In the following
    night the files beneath every store are rewritten and searched, and the receipt gets its second date.
    """
    erasure = forgetting.erase(customer_id, by=principal.id)
    if erasure.status is Status.ASKED:
        response.status_code = ACCEPTED
    return Envelope(data=_receipt(forgetting.receipt(erasure)))


@router.get("/erasures/{erasure_id}")
def get_erasure(erasure_id: ErasurePath, forgetting: ErasuresDep) -> Envelope[ErasureReceipt]:
    """Get the receipt of an erasure. An erased customer has no token, so the id is enough."""
    return Envelope(data=_receipt(forgetting.receipt(forgetting.find(erasure_id))))


def _receipt(receipt: dict[str, Any]) -> ErasureReceipt:
    return ErasureReceipt.model_validate(receipt)
