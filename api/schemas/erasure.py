"""Export and erasure of a customer's data."""

from typing import Annotated, Any

from pydantic import Field, RootModel

from api.schemas.base import Schema, Timestamp, example
from api.schemas.ids import CustomerRef
from memory.erasure.models import Status

ExportedRow = dict[str, Any]


class CustomerExport(RootModel[dict[str, list[ExportedRow]]]):
    """Everything that is held of a customer: the rows of each table, with sealed values opened."""


class RetainedRows(Schema):
    """Data that the last search still found."""

    model_config = example(store="ledger", place="payments", count=3)

    store: str
    """Name of the store."""
    place: str
    """Table or folder in the store."""
    count: int
    """Number of rows or files."""


class ErasureReceipt(Schema):
    """Signed receipt of an erasure."""

    model_config = example(
        erasureId="era_7x3c5v6b4n8f2k1m9q0z",
        status="erased",
        purgedAt=None,
        erased={"ledger.messages": 14, "ledger.facts": 3},
        left=[],
        signature="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )

    erasure_id: str
    """Id of the erasure."""
    customer_id: CustomerRef
    status: Status
    """State of the erasure."""
    asked_at: Timestamp
    """When it was requested."""
    erased_at: Timestamp | None
    """When no store that answers questions held anything any more; null until then."""
    purged_at: Timestamp | None
    """When the files beneath the stores were rewritten and searched; null until then."""
    erased: Annotated[dict[str, int], Field(examples=[{"ledger.messages": 14}])]
    """Number of rows or files that were erased, by store and place."""
    left: list[RetainedRows]
    """What the last search still found."""
    signature: str
    """Signature over all other properties."""
