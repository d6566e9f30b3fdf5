"""What the warehouse holds: the one declaration behind its tables, its checks and its drift report."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

INT64_LIMIT = 2**63
TWO_YEARS = 2 * 365
SEVEN_YEARS = 7 * 365 + 2


class FieldType(StrEnum):
    """BigQuery's names."""

    STRING = "STRING"
    INT64 = "INT64"
    FLOAT64 = "FLOAT64"
    BOOL = "BOOL"
    TIMESTAMP = "TIMESTAMP"
    DATE = "DATE"
    JSON = "JSON"


@dataclass(frozen=True)
class Field:
    name: str
    type: FieldType
    is_required: bool


@dataclass(frozen=True)
class Fault:
    """Why a row cannot be taken: the field, and what would be right."""

    field: str
    complaint: str

    def __str__(self) -> str:
        return f"{self.field} {self.complaint}"


@dataclass(frozen=True)
class Table:
    name: str
    """With its dataset in front."""
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    day: str | None = None
    """The field by whose day the table is partitioned and its retention counted."""
    kept_days: int | None = None
    """None keeps a row until a later one replaces it."""
    latest_by: str | None = None
    """A row replaces the one of its key when this field is later; without it, the first row stays."""
    is_kept_by_law: bool = False
    """An erased customer's rows stay; the personal fields in them are sealed and can no longer be opened."""
    version: str = "1.0"

    @property
    def topic(self) -> str:
        return self.name.split(".")[1]

    @property
    def dataset(self) -> str:
        return self.name.split(".")[0]

    @property
    def names_customer(self) -> bool:
        return any(field.name == "customer_id" for field in self.fields)

    def fault(self, row: Mapping[str, Any]) -> Fault | None:
        """The first thing wrong with a row; None when it fits."""
        for field in self.fields:
            value = row.get(field.name)
            if value is None:
                if field.is_required:
                    return Fault(field.name, "is missing")
            elif not _FITS[field.type](value):
                return Fault(field.name, f"must be {_EXPECTED[field.type]}, not {type(value).__name__}")
        known = {field.name for field in self.fields}
        return next((Fault(name, f"is no field of {self.name}") for name in row if name not in known), None)


def _is_timestamp(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return False
    return isinstance(value, datetime) and value.tzinfo is not None


def _is_date(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return False
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -INT64_LIMIT <= value < INT64_LIMIT


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_FITS: dict[FieldType, Callable[[object], bool]] = {
    FieldType.STRING: lambda value: isinstance(value, str),
    FieldType.INT64: _is_whole,
    FieldType.FLOAT64: _is_number,
    FieldType.BOOL: lambda value: isinstance(value, bool),
    FieldType.TIMESTAMP: _is_timestamp,
    FieldType.DATE: _is_date,
    FieldType.JSON: lambda value: isinstance(value, Mapping | list | tuple | str | int | float | bool),
}
_EXPECTED = {
    FieldType.STRING: "text",
    FieldType.INT64: "a whole number of 64 bits",
    FieldType.FLOAT64: "a finite number",
    FieldType.BOOL: "true or false",
    FieldType.TIMESTAMP: "a time with its offset from UTC, such as 2026-03-01T12:00:00+00:00",
    FieldType.DATE: "a date such as 2026-03-01",
    FieldType.JSON: "something that JSON can say",
}


def _fields(**names: str) -> tuple[Field, ...]:
    """By type, `name!` where it is required; each row also says which version of its table it fits."""
    named = [(FieldType(kind), name) for kind, text in names.items() for name in text.split()]
    declared = [Field(name.rstrip("!"), kind, is_required=name.endswith("!")) for kind, name in named]
    return (*declared, Field("version", FieldType.STRING, is_required=False))


COMMERCE = (
    Table(
        "commerce.square_payments",
        key=("id",),
        fields=_fields(
            STRING="id! currency! status! customer_id card_brand",
            INT64="amount_cents!",
            TIMESTAMP="created_at! updated_at!",
        ),
        day="created_at",
        kept_days=SEVEN_YEARS,
        latest_by="updated_at",
        is_kept_by_law=True,
    ),
    Table(
        "commerce.payments",
        key=("id",),
        fields=_fields(
            STRING="id! customer_id! invoice! description! status! currency!",
            INT64="amount_cents! refunded_cents!",
            TIMESTAMP="created_at! updated_at!",
        ),
        day="created_at",
        kept_days=SEVEN_YEARS,
        latest_by="updated_at",
        is_kept_by_law=True,
    ),
    Table(
        "commerce.square_items",
        key=("id",),
        fields=_fields(
            STRING="id! name! category sku",
            INT64="price_cents!",
            BOOL="available!",
            TIMESTAMP="updated_at!",
        ),
        latest_by="updated_at",
    ),
    Table(
        "commerce.memberships",
        key=("id",),
        fields=_fields(
            STRING="id! customer_id! tier! status! payment_id cancel_reason",
            INT64="price_cents! discount_percent",
            TIMESTAMP="started_at next_billing_at cancelled_at created_at! updated_at!",
        ),
        day="created_at",
        kept_days=SEVEN_YEARS,
        latest_by="updated_at",
        is_kept_by_law=True,
    ),
    Table(
        "commerce.raffles",
        key=("id",),
        fields=_fields(
            STRING="id! title! prize! status! winner_id seed_digest draw_seed list_sha256",
            INT64="ticket_price_cents! max_tickets! per_customer_limit winner_ticket_number beacon_round",
            TIMESTAMP="opens_at closes_at drawn_at created_at! updated_at!",
        ),
        day="created_at",
        kept_days=SEVEN_YEARS,
        latest_by="updated_at",
        is_kept_by_law=True,
    ),
    Table(
        "commerce.raffle_tickets",
        key=("id",),
        fields=_fields(
            STRING="id! raffle_id! customer_id! transaction_id",
            INT64="ticket_number!",
            BOOL="is_winner",
            TIMESTAMP="purchased_at! updated_at!",
        ),
        day="purchased_at",
        kept_days=SEVEN_YEARS,
        latest_by="updated_at",
        is_kept_by_law=True,
    ),
    Table(
        "commerce.raffle_transactions",
        key=("id",),
        fields=_fields(
            STRING="id! raffle_id! customer_id! payment_status! payment_id payment_method"
            " payment_gateway_id refund_id",
            INT64="num_tickets! amount_cents!",
            JSON="ticket_numbers",
            TIMESTAMP="refunded_at created_at! updated_at!",
        ),
        day="created_at",
        kept_days=SEVEN_YEARS,
        latest_by="updated_at",
        is_kept_by_law=True,
    ),
    Table(
        "commerce.orders",
        key=("id",),
        fields=_fields(
            STRING="id! customer_id! status! source payment_id",
            INT64="subtotal_cents! discount_cents! tax_cents! total_cents!",
            JSON="items!",
            TIMESTAMP="created_at! updated_at!",
        ),
        day="created_at",
        kept_days=SEVEN_YEARS,
        latest_by="updated_at",
        is_kept_by_law=True,
    ),
    Table(
        "commerce.age_verifications",
        key=("verification_id",),
        fields=_fields(
            STRING="verification_id! customer_id! verification_method! state reason full_name_digest"
            " date_of_birth_digest sealed_metadata sealed_ip_address",
            BOOL="verified!",
            TIMESTAMP="verified_at expires_at created_at!",
        ),
        day="created_at",
        kept_days=SEVEN_YEARS,
        is_kept_by_law=True,
    ),
)
ANALYTICS = (
    Table(
        "analytics.lightspeed_transactions",
        key=("id",),
        fields=_fields(
            STRING="id! status! customer_id",
            INT64="amount_cents! tax_cents! total_cents!",
            TIMESTAMP="created_at! updated_at!",
        ),
        day="created_at",
        kept_days=SEVEN_YEARS,
        latest_by="updated_at",
        is_kept_by_law=True,
    ),
    Table(
        "analytics.lightspeed_products",
        key=("id",),
        fields=_fields(
            STRING="id! name! description category",
            INT64="price_cents! cost_cents quantity!",
            TIMESTAMP="created_at updated_at!",
        ),
        latest_by="updated_at",
    ),
)
CUSTOMER_MEMORY = (
    Table(
        "customer_memory.customer_profiles",
        key=("customer_id", "timestamp"),
        fields=_fields(
            STRING="customer_id! sealed_profile!",
            INT64="total_purchases lifetime_value_cents",
            FLOAT64="churn_risk engagement_score",
            TIMESTAMP="timestamp! last_interaction_date last_purchase_date",
        ),
        day="timestamp",
        kept_days=TWO_YEARS,
    ),
    Table(
        "customer_memory.interactions",
        key=("interaction_id",),
        fields=_fields(
            STRING="interaction_id! customer_id! session_id! channel! intent"
            " sealed_message! sealed_response! sealed_entities",
            FLOAT64="sentiment engagement_score",
            TIMESTAMP="timestamp! updated_at!",
        ),
        day="timestamp",
        kept_days=TWO_YEARS,
        latest_by="updated_at",
    ),
    Table(
        "customer_memory.purchases",
        key=("order_id",),
        fields=_fields(
            STRING="order_id! customer_id! payment_method",
            INT64="amount_cents! order_size",
            JSON="products!",
            TIMESTAMP="timestamp!",
        ),
        day="timestamp",
        kept_days=TWO_YEARS,
    ),
    Table(
        "customer_memory.predictions",
        key=("prediction_id",),
        fields=_fields(
            STRING="prediction_id! customer_id! prediction_type!",
            JSON="prediction_value! actual_value",
            FLOAT64="confidence accuracy",
            TIMESTAMP="timestamp! updated_at!",
        ),
        day="timestamp",
        kept_days=TWO_YEARS,
        latest_by="updated_at",
    ),
    Table(
        "customer_memory.audit_logs",
        key=("id",),
        fields=_fields(
            STRING="id! actor! action! customer_id subject request_id",
            JSON="details",
            TIMESTAMP="timestamp!",
        ),
        day="timestamp",
        kept_days=SEVEN_YEARS,
        is_kept_by_law=True,
    ),
)
TABLES = {table.topic: table for table in (*COMMERCE, *ANALYTICS, *CUSTOMER_MEMORY)}
"""By the topic of the events that fill them."""
