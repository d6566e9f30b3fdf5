"""What checkout publishes: rows for the warehouse and the customer's memory, and notices of orders."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from commerce.checkout.models import OrderStatus
from commerce.customers.contact import NOTICES
from foundation.warehouse.retention import SEVEN_YEARS
from foundation.warehouse.schema import table_of


@dataclass(frozen=True, kw_only=True)
class OrderItem:
    product_id: str
    sku: str
    quantity: int
    price_cents: int
    discount_cents: int
    tax_cents: int
    is_gift: bool


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    topic: ClassVar[str] = "orders"

    id: str
    customer_id: str
    status: OrderStatus
    source: str | None = None
    payment_id: str | None = None
    subtotal_cents: int
    discount_cents: int
    tax_cents: int
    total_cents: int
    items: tuple[OrderItem, ...]
    created_at: datetime
    updated_at: datetime


ORDERS = table_of(
    OrderRow,
    "commerce",
    key=("id",),
    day="created_at",
    kept_days=SEVEN_YEARS,
    latest_by="updated_at",
    is_kept_by_law=True,
)


@dataclass(frozen=True, kw_only=True)
class Purchased:
    """A paid order as the customer's memory keeps it: a product once for each of its pieces."""

    topic: ClassVar[str] = "purchases"

    order_id: str
    customer_id: str
    payment_method: str
    amount_cents: int
    order_size: int
    products: tuple[str, ...]
    timestamp: datetime


@dataclass(frozen=True, kw_only=True)
class ReceiptLine:
    name: str
    quantity: int
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class OrderReceiptNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["order_receipt"] = "order_receipt"
    about: str
    order_id: str
    lines: tuple[ReceiptLine, ...]
    subtotal_cents: int
    discount_cents: int
    tax_cents: int
    total_cents: int
    card_last_four: str | None = None


@dataclass(frozen=True, kw_only=True)
class OrderHeldNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["order_held"] = "order_held"
    about: str
    order_id: str
    total_cents: int


@dataclass(frozen=True, kw_only=True)
class OrderFailedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["order_failed"] = "order_failed"
    about: str
    order_id: str
    total_cents: int
    why: str
    returned_cents: int
