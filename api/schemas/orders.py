"""Quotes and orders, and what staff decide about orders."""

from typing import Annotated, Self

from pydantic import AliasPath, Field

from api.schemas.base import PlainText, Schema, Timestamp, example
from api.schemas.ids import CustomerRef, ProductRef
from api.schemas.money import Amount
from commerce.checkout.models import OrderStatus, Quote


class OrderLineOut(Schema):
    """One product in a quote or an order."""

    model_config = example(sku="OWL-30", name="Night Owl Gummies", isGift=False)

    product_id: ProductRef
    sku: str
    """Stock keeping unit."""
    name: str
    """Name of the product when it was ordered."""
    quantity: int
    """Number of pieces."""
    price: Amount
    """Price of one piece."""
    discount: Amount
    """Discount on the whole line."""
    tax: Amount
    """Sales tax on the whole line."""
    total: Amount
    """Total of the line, with discount and tax."""
    is_gift: bool
    """Whether it is a gift of a membership."""


class QuoteOut(Schema):
    """What an order would cost now."""

    model_config = example(discountPercent=10, state="TX", cardLastFour="1111")

    lines: list[OrderLineOut]
    """The products."""
    subtotal: Annotated[Amount, Field(validation_alias=AliasPath("totals", "subtotal"))]
    """Sum of the prices, before discount and tax."""
    discount: Annotated[Amount, Field(validation_alias=AliasPath("totals", "discount"))]
    """Discount on the whole order."""
    discount_percent: Annotated[int, Field(validation_alias="percent")]
    """Discount of the membership, in percent."""
    tax: Annotated[Amount, Field(validation_alias=AliasPath("totals", "tax"))]
    """Sales tax."""
    total: Annotated[Amount, Field(validation_alias=AliasPath("totals", "total"))]
    """What is charged."""
    state: str
    """State whose sales tax applies."""
    card_last_four: str
    """Last four digits of the card that is charged."""

    @classmethod
    def of(cls, quote: Quote) -> Self:
        return cls.model_validate(quote)


class OrderOut(QuoteOut):
    """An order."""

    model_config = example(
        id="ord_7k2m9q0z7x3c5v6b4n1d", discountPercent=10, state="TX", cardLastFour="1111", status="paid"
    )

    id: str
    """Id of the order."""
    customer_id: CustomerRef
    status: OrderStatus
    """`review` waits for a person: nothing is charged or booked before."""
    created_at: Timestamp
    """When it was placed."""
    updated_at: Timestamp
    """When its status last changed."""


class OrderCancellation(Schema):
    """Why an order is cancelled."""

    model_config = example(reason="ordered twice by mistake")

    reason: Annotated[PlainText, Field(min_length=1, max_length=200)]
    """Reason, for the records."""


class OrderDecision(Schema):
    """What a person decides about an order in review."""

    model_config = example(accept=True)

    accept: Annotated[bool, Field(strict=True)]
    """True charges and books the order; false releases its stock and charges nothing."""
