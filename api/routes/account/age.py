"""Proof of age: submit it, and read its status."""

from typing import Annotated

from fastapi import Depends, Request

from api.address import address_of
from api.authorization import Admin, Compliance, Owner, ReadableCustomer
from api.deps import AgesDep, ClockDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, newest_key
from api.routing import api_router
from api.schemas.age import (
    AgeRecordOut,
    AgeRecordsErased,
    AgeStatusOut,
    AgeSubmission,
    AgeVerificationOut,
    BarcodeSubmission,
)
from api.schemas.ids import CustomerPath
from commerce.age.models import AgeRecord

router = api_router(
    prefix="/api/age-verification",
    tag="age",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)
RecordPages = Annotated[PageRequest, Depends(PageOf("ageRecords"))]


@router.post("/verify", status_code=201)
def verify_age(
    form: AgeSubmission, request: Request, principal: Owner, ages: AgesDep
) -> Envelope[AgeVerificationOut]:
    """Prove to be 21 or older; the proof holds for a year.

    Neither the date of birth nor the number of the ID is stored readably.
    """
    proof = ages.verify(principal.id, form.submission(), ip=address_of(request.scope))
    return Envelope(data=AgeVerificationOut.of(proof))


@router.post("/barcode", status_code=201)
def verify_age_by_barcode(
    form: BarcodeSubmission, request: Request, principal: Owner, ages: AgesDep
) -> Envelope[AgeVerificationOut]:
    """Prove to be 21 or older with the barcode on the back of an ID.

    Barcodes are not signed: the method `barcode_format` says only that it has the form of an ID.
    """
    proof = ages.verify_barcode(principal.id, form.barcode, ip=address_of(request.scope))
    return Envelope(data=AgeVerificationOut.of(proof))


@router.get("/status/{customer_id}")
def get_age_status(customer_id: ReadableCustomer, ages: AgesDep, now: ClockDep) -> Envelope[AgeStatusOut]:
    """Get whether the customer may buy what is for adults, and until when."""
    return Envelope(data=AgeStatusOut.of(ages.status(customer_id), now()))


@router.get("/records/{customer_id}")
def list_age_records(
    customer_id: CustomerPath, _: Compliance, ages: AgesDep, page: RecordPages
) -> Page[AgeRecordOut]:
    """List what is kept of a customer's age checks, the latest first."""
    return page.cut(ages.records(customer_id), AgeRecordOut.of, key=_record_key)


@router.delete("/{customer_id}")
def erase_age_records(
    customer_id: CustomerPath, principal: Admin, ages: AgesDep
) -> Envelope[AgeRecordsErased]:
    """Erase a customer's proofs of age.

    What the law requires to be kept is made unreadable; the erasure itself is recorded.
    """
    return Envelope(data=AgeRecordsErased(records=ages.erase(customer_id, by=principal.id)))


def _record_key(record: AgeRecord) -> Key:
    return newest_key(record.verified_at, record.id)
