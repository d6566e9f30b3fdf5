"""Proof of age."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.schemas.base import Day, Matching, PlainText, Schema, Timestamp, example
from commerce.age.barcode import LONGEST_BARCODE
from commerce.age.models import AgeProof, AgeRecord, Method
from commerce.age.models import AgeSubmission as Submission


class AgeSubmission(Schema):
    """What the customer reads off an ID."""

    model_config = example(fullName="Dana Demo", dateOfBirth="1990-05-01", state="TX", idNumberLast4="1234")

    full_name: Annotated[PlainText, Field(min_length=2, max_length=100)]
    """Full name, as on the ID."""
    date_of_birth: Day
    """Date of birth, as on the ID. It is not stored readably."""
    state: Annotated[PlainText, Field(min_length=2, max_length=30)]
    """State that issued the ID: its code or its name; one of the fifty, or DC."""
    id_number_last4: Annotated[str, Matching(r"^[0-9]{4}$", "the last four digits")]
    """Last four digits of the number of the ID."""

    def submission(self) -> Submission:
        return Submission(self.full_name, self.date_of_birth, self.state, self.id_number_last4)


class BarcodeSubmission(Schema):
    """What a scanner reads off the back of an ID."""

    model_config = example(
        barcode="@\n\x1e\rANSI 636015080002DL00410288ZT03290015DLDAQ12345678\nDCSDEMO\nDACDANA\n"
        "DBB05011990\nDBA05012035\nDAJTX\n"
    )

    barcode: Annotated[
        str,
        Matching(r"^[\t\n\r\x1c-\x1f -~\xa0-\xff]*$", "the text of a barcode"),
        Field(min_length=20, max_length=LONGEST_BARCODE),
    ]
    """Text of the PDF417 barcode, in the form of AAMVA."""


class AgeVerificationOut(Schema):
    """A proof of age that was accepted."""

    model_config = example(verificationId="age_6b4n8f2k1m9q0z7x3c5v", state="TX")

    verification_id: str
    """Id of the verification."""
    verified: bool
    """Whether the customer may buy what is for adults."""
    method: Method
    """How the age was verified."""
    state: str
    """State that issued the ID."""
    verified_at: Timestamp
    """When it was verified."""
    expires_at: Timestamp
    """When the proof ends."""

    @classmethod
    def of(cls, proof: AgeProof) -> "AgeVerificationOut":
        return cls(
            verification_id=proof.id,
            verified=True,
            method=proof.method,
            state=proof.state,
            verified_at=proof.verified_at,
            expires_at=proof.expires_at,
        )


class AgeStatusOut(Schema):
    """Whether a customer may buy what is for adults."""

    model_config = example(verified=True, inGrace=False)

    verified: bool
    """Whether purchases are allowed."""
    in_grace: bool = False
    """Whether the proof has ended and is still accepted until `usableUntil`."""
    verified_at: Timestamp | None = None
    """When the age was verified; null without a proof."""
    expires_at: Timestamp | None = None
    """When the proof ends; null without one."""
    usable_until: Timestamp | None = None
    """Until when the proof is accepted; null without one."""

    @classmethod
    def of(cls, proof: AgeProof | None, now: datetime) -> "AgeStatusOut":
        if proof is None:
            return cls(verified=False)
        return cls(
            verified=proof.is_usable(now),
            in_grace=proof.is_in_grace(now),
            verified_at=proof.verified_at,
            expires_at=proof.expires_at,
            usable_until=proof.usable_until,
        )


class AgeRecordOut(Schema):
    """What is kept of a check, for compliance."""

    model_config = example(
        verificationId="age_6b4n8f2k1m9q0z7x3c5v", state="TX", idNumberLast4="1234", ip="203.0.113.7"
    )

    verification_id: str
    """Id of the verification."""
    method: Method
    """How the age was verified."""
    state: str
    """State that issued the ID."""
    id_number_last4: str
    """Last four digits of the number of the ID."""
    ip: str | None
    """IP address of the request; null when it is not known."""
    verified_at: Timestamp
    """When it was verified."""
    expires_at: Timestamp
    """When the proof ends."""

    @classmethod
    def of(cls, record: AgeRecord) -> "AgeRecordOut":
        return cls(
            verification_id=record.id,
            method=record.method,
            state=record.state,
            id_number_last4=record.id_last4,
            ip=record.ip,
            verified_at=record.verified_at,
            expires_at=record.expires_at,
        )


class AgeRecordsErased(Schema):
    """Proofs of age were erased."""

    records: int
    """How many."""
