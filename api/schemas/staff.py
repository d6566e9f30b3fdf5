"""Staff accounts, hand-overs, fraud reviews and what staff see of a customer."""

from typing import Annotated

from pydantic import Field

from api.schemas.accounts import Email, Secret
from api.schemas.age import AgeStatusOut
from api.schemas.base import PlainText, Schema, Timestamp, example
from api.schemas.customers import CustomerOut
from api.schemas.ids import CustomerRef, ThreadRef
from api.schemas.memberships import MembershipOverview
from api.schemas.money import Amount
from api.schemas.orders import OrderOut
from commerce.customers.staff import Position, StaffMember
from commerce.fraud.models import Review
from commerce.handoffs.models import Handoff

PASSWORD = "correct horse battery"  # noqa: S105 - an example


class StaffCredentials(Schema):
    """E-mail address and password of a member of staff."""

    model_config = example(email="sam@livhana.example", password=PASSWORD)

    email: Email
    """E-mail address of the account."""
    password: Secret
    """Password of the account."""


class StaffIn(StaffCredentials):
    """A new staff account."""

    model_config = example(
        name="Sam Staff", email="sam@livhana.example", position="support", password=PASSWORD
    )

    name: Annotated[PlainText, Field(min_length=1, max_length=100)]
    """Full name."""
    position: Position
    """Position, which decides about the scopes."""


class PasswordReset(Schema):
    """A password that an admin sets for somebody else."""

    model_config = example(password=PASSWORD)

    password: Secret
    """The new password."""


class StaffOut(Schema):
    """A staff account."""

    model_config = example(
        id="stf_sam", name="Sam Staff", email="sam@livhana.example", createdBy="stf_ada", disabledAt=None
    )

    id: str
    """Id of the account."""
    name: str
    """Full name."""
    email: str
    """E-mail address."""
    position: Position
    """Position, which decides about the scopes."""
    created_by: str
    """Id of the admin who created it."""
    created_at: Timestamp
    """When it was created."""
    disabled_at: Timestamp | None
    """When it was disabled; null while it is in use."""

    @classmethod
    def of(cls, member: StaffMember) -> "StaffOut":
        return cls.model_validate(member)


class CustomerOverview(Schema):
    """A customer's account, proof of age, membership and latest orders."""

    customer: CustomerOut
    """The account."""
    age: AgeStatusOut
    """The proof of age."""
    membership: MembershipOverview
    """The membership."""
    orders: list[OrderOut]
    """The latest orders, the latest first."""


class HandoffOut(Schema):
    """A conversation that is handed over to a person."""

    model_config = example(
        id="hnd_6b4n8f2k1m9q0z7x3c5v",
        principalId="cus_demo",
        summary="Wants to know whether an allergy to berries matters.",
        closedAt=None,
    )

    id: str
    """Id of the hand-over."""
    thread_id: ThreadRef
    principal_id: str
    """Id of the customer or guest who asked for a person."""
    summary: str
    """What it is about."""
    requested_at: Timestamp
    """When a person was asked for."""
    closed_at: Timestamp | None
    """When a person closed it; null while it waits."""

    @classmethod
    def of(cls, handoff: Handoff) -> "HandoffOut":
        return cls.model_validate(handoff)


class FraudReviewOut(Schema):
    """A purchase that may be fraud."""

    model_config = example(
        id="rev_8f2k1m9q0z7x3c5v6b4n",
        kind="order",
        amount={"amount": "188.50", "currency": "USD"},
        score=0.91,
        reasons=["This card was used 6 times in the last hour; usual is less than one."],
        isFraud=None,
        decidedBy=None,
        decidedAt=None,
    )

    id: str
    """Id of the review."""
    customer_id: CustomerRef
    kind: str
    """What was bought, such as `order`."""
    amount: Amount
    """What was to be charged."""
    score: Annotated[float, Field(ge=0, le=1)]
    """Probability of fraud."""
    reasons: tuple[str, ...]
    """What speaks for fraud, in words."""
    created_at: Timestamp
    """When the purchase was made."""
    is_fraud: bool | None
    """What was decided; null while it is not."""
    decided_by: str | None
    """Id of the member of staff who decided; null while nobody has."""
    decided_at: Timestamp | None
    """When it was decided; null while it is not."""

    @classmethod
    def of(cls, review: Review) -> "FraudReviewOut":
        return cls.model_validate(review)


class FraudDecision(Schema):
    """What a person decides about a fraud review."""

    model_config = example(isFraud=False)

    is_fraud: Annotated[bool, Field(strict=True)]
    """True cancels the purchase; false lets it go through."""
