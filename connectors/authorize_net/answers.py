"""What the shop reads of Authorize.Net's answers; the rest is kept, sealed, and not looked at."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from commerce.payments.ports import GatewayAnswer, GatewaySilent, Verdict

T = TypeVar("T", bound=BaseModel)
VERDICTS = {"1": Verdict.APPROVED, "2": Verdict.DECLINED, "3": Verdict.ERROR, "4": Verdict.HELD}
NO_TRANSACTION = frozenset({"", "0"})
REFUND = "refundTransaction"

Number = Annotated[str, BeforeValidator(str)]
"""An id or a code, whether it comes as text or as a number."""


class Message(BaseModel):
    code: str
    text: str = ""


class Messages(BaseModel):
    result_code: str = Field(alias="resultCode")
    message: list[Message]


class Fault(BaseModel):
    code: Number = Field(alias="errorCode")


class TransactionResponse(BaseModel):
    response_code: Number = Field("3", alias="responseCode")
    transaction_id: Number = Field("", alias="transId")
    errors: list[Fault] = []


class Subscription(BaseModel):
    id: Number


class Order(BaseModel):
    invoice: str = Field("", alias="invoiceNumber")


class Details(BaseModel):
    transaction_id: Number = Field(alias="transId")
    status: str = Field(alias="transactionStatus")
    at: datetime = Field(alias="submitTimeUTC")
    asked: Decimal = Field(Decimal(0), alias="authAmount")
    settled: Decimal = Field(Decimal(0), alias="settleAmount")
    subscription: Subscription | None = None
    order: Order | None = None
    kind: str = Field("", alias="transactionType")
    original_id: Number | None = Field(None, alias="refTransId")

    @property
    def refund_of(self) -> str | None:
        return self.original_id if self.kind == REFUND else None


class Listed(BaseModel):
    transaction_id: Number = Field(alias="transId")
    status: str = Field("", alias="transactionStatus")
    invoice: str = Field("", alias="invoiceNumber")


class Batch(BaseModel):
    id: Number = Field(alias="batchId")


class CreditCard(BaseModel):
    number: str = Field(alias="cardNumber")
    kind: str = Field("Card", alias="cardType")
    expires: str = Field("", alias="expirationDate")
    issuer: Number = Field("", alias="issuerNumber")


class Payment(BaseModel):
    card: CreditCard = Field(alias="creditCard")


class PaymentProfile(BaseModel):
    id: Number = Field(alias="customerPaymentProfileId")
    payment: Payment


class CustomerProfile(BaseModel):
    id: Number = Field(alias="customerProfileId")
    payment_profiles: list[PaymentProfile] = Field([], alias="paymentProfiles")


class PlanListed(BaseModel):
    id: Number
    invoice: str = ""


class PlanCharge(BaseModel):
    transaction_id: Number = Field("", alias="transId")
    month: int = Field(0, alias="payNum")
    attempt: int = Field(0, alias="attemptNum")


class PlanDetails(BaseModel):
    status: str
    charges: list[PlanCharge] = Field([], alias="arbTransactions")


def parsed(kind: type[T], part: object) -> T:
    """A part of an answer; one that is not as it should be is as good as none."""
    try:
        return kind.model_validate(part)
    except ValidationError as error:
        raise GatewaySilent from error


def judged(response: TransactionResponse, body: Mapping[str, Any], *, is_ok: bool) -> GatewayAnswer:
    """Approved only when the request was taken *and* the bank said yes; "Ok" alone can be a decline."""
    verdict = VERDICTS.get(response.response_code, Verdict.ERROR)
    if verdict is Verdict.APPROVED and not is_ok:
        verdict = Verdict.ERROR
    known = None if response.transaction_id in NO_TRANSACTION else response.transaction_id
    return GatewayAnswer(verdict, known, body)
