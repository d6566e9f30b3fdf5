"""Proof of age: submit it, and see whether it stands."""

from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import ConfigDict, Field

from api.address import address_of
from api.authorization import Admin, Compliance, Owner, ReadableCustomer
from api.deps import AgesDep, ClockDep, PathId
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Day, Matching, PlainText, Schema, Timestamp
from commerce.age.barcode import LONGEST_BARCODE
from commerce.age.models import AgeProof, AgeRecord, AgeSubmission, Method

router = api_router(
    prefix="/api/age-verification",
    tag="age",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)


class AgeForm(Schema):
    """What the customer reads off their ID."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "fullName": "Dana Demo",
                "dateOfBirth": "1990-05-01",
                "state": "TX",
                "idNumberLast4": "1234",
            }
        }
    )

    full_name: Annotated[PlainText, Field(min_length=2, max_length=100)]
    date_of_birth: Day
    state: Annotated[PlainText, Field(min_length=2, max_length=30)]
    """Code or name of one of the fifty states, or DC."""
    id_number_last4: Annotated[
        str, Matching(r"^[0-9]{4}$", "the last four digits"), Field(alias="idNumberLast4")
    ]


class BarcodeForm(Schema):
    """What a scanner reads off the back of an ID."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "barcode": "@\n\x1e\rANSI 636015080002DL00410288ZT03290015DLDAQ12345678\nDCSDEMO\nDACDANA\n"
                "DBB05011990\nDBA05012035\nDAJTX\n"
            }
        }
    )

    barcode: Annotated[
        str,
        Matching(r"^[\t\n\r\x1c-\x1f -~\xa0-\xff]*$", "the text of a barcode"),
        Field(min_length=20, max_length=LONGEST_BARCODE),
    ]


class Verification(Schema):
    verification_id: str
    verified: bool
    method: Method
    state: str
    verified_at: Timestamp
    expires_at: Timestamp

    @classmethod
    def of(cls, proof: AgeProof, *, is_valid: bool) -> "Verification":
        return cls(
            verification_id=proof.id,
            verified=is_valid,
            method=proof.method,
            state=proof.state,
            verified_at=proof.verified_at,
            expires_at=proof.expires_at,
        )


class AgeStatus(Schema):
    verified: bool
    """Whether purchases go on."""
    in_grace: bool = False
    """The proof has ended and still counts, until `usableUntil`: please renew it."""
    verified_at: Timestamp | None = None
    expires_at: Timestamp | None = None
    usable_until: Timestamp | None = None

    @classmethod
    def of(cls, proof: AgeProof | None, now: datetime) -> "AgeStatus":
        if proof is None:
            return cls(verified=False)
        return cls(
            verified=proof.is_usable(now),
            in_grace=proof.is_in_grace(now),
            verified_at=proof.verified_at,
            expires_at=proof.expires_at,
            usable_until=proof.usable_until,
        )


class RecordShown(Schema):
    verification_id: str
    method: Method
    state: str
    id_number_last4: Annotated[str, Field(alias="idNumberLast4")]
    ip: str | None
    verified_at: Timestamp
    expires_at: Timestamp

    @classmethod
    def of(cls, record: AgeRecord) -> "RecordShown":
        return cls(
            verification_id=record.id,
            method=record.method,
            state=record.state,
            id_number_last4=record.id_last4,
            ip=record.ip,
            verified_at=record.verified_at,
            expires_at=record.expires_at,
        )


class Erased(Schema):
    records: int


@router.post("/verify", status_code=201)
def verify_age(form: AgeForm, request: Request, principal: Owner, ages: AgesDep) -> Envelope[Verification]:
    """Prove once a year to be 21 or older. Neither the birthday nor the ID number is kept readable."""
    submission = AgeSubmission(form.full_name, form.date_of_birth, form.state, form.id_number_last4)
    proof = ages.verify(principal.id, submission, ip=address_of(request.scope))
    return Envelope(data=Verification.of(proof, is_valid=True))


@router.post("/barcode", status_code=201)
def verify_age_by_barcode(
    form: BarcodeForm, request: Request, principal: Owner, ages: AgesDep
) -> Envelope[Verification]:
    """The same from the barcode on the back of an ID.

    Barcodes are not signed: `barcode_format` says no more than that this one has the form of an ID.
    """
    proof = ages.verify_barcode(principal.id, form.barcode, ip=address_of(request.scope))
    return Envelope(data=Verification.of(proof, is_valid=True))


@router.get("/status/{customer_id}")
def get_age_status(customer_id: ReadableCustomer, ages: AgesDep, now: ClockDep) -> Envelope[AgeStatus]:
    """Whether the customer may buy what is for adults, and until when."""
    return Envelope(data=AgeStatus.of(ages.status(customer_id), now()))


@router.get("/records/{customer_id}")
def list_age_records(customer_id: PathId, _: Compliance, ages: AgesDep) -> Envelope[list[RecordShown]]:
    """What is kept of a customer's checks, for compliance."""
    return Envelope(data=[RecordShown.of(each) for each in ages.records(customer_id)])


@router.delete("/{customer_id}")
def erase_age_records(customer_id: PathId, principal: Admin, ages: AgesDep) -> Envelope[Erased]:
    """Forget a customer's proofs of age.

    What the law makes us keep of them is made unreadable, and the erasure itself is on record.
    """
    return Envelope(data=Erased(records=ages.erase(customer_id, by=principal.id)))
