"""Proof of age: submit it, and see whether it stands."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import ConfigDict, Field

from api.deps import Owner, ReadableCustomer, TheHouse
from api.envelope import Envelope
from api.errors import refusals
from api.shapes import Day, Like, Shape, Timestamp, Words
from commerce.age.models import AgeProof, AgeSubmission, Method

router = APIRouter(
    prefix="/api/age-verification",
    tags=["age"],
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)


class AgeForm(Shape):
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

    full_name: Annotated[Words, Field(min_length=2, max_length=100)]
    date_of_birth: Day
    state: Annotated[Words, Field(min_length=2, max_length=30)]
    """Code or name of one of the fifty states, or DC."""
    id_number_last4: Annotated[str, Like(r"^[0-9]{4}$", "the last four digits"), Field(alias="idNumberLast4")]


class Verification(Shape):
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


class AgeStatus(Shape):
    verified: bool
    verified_at: Timestamp | None = None
    expires_at: Timestamp | None = None


@router.post("/verify", status_code=201)
def verify_age(form: AgeForm, request: Request, principal: Owner, house: TheHouse) -> Envelope[Verification]:
    """Prove once a year to be 21 or older. Neither the birthday nor the ID number is kept readable."""
    submission = AgeSubmission(form.full_name, form.date_of_birth, form.state, form.id_number_last4)
    address = request.client.host if request.client else None
    proof = house.services.ages.verify(principal.id, submission, ip=address)
    return Envelope(data=Verification.of(proof, is_valid=True))


@router.get("/status/{customer_id}")
def age_status(customer_id: ReadableCustomer, house: TheHouse) -> Envelope[AgeStatus]:
    """Whether the customer may buy what is for adults, and until when."""
    proof = house.services.ages.status(customer_id)
    if proof is None:
        return Envelope(data=AgeStatus(verified=False))
    valid = house.services.ages.is_proven(customer_id)
    return Envelope(
        data=AgeStatus(verified=valid, verified_at=proof.verified_at, expires_at=proof.expires_at)
    )
