"""Documents that the shop answers from."""

from typing import Annotated

from pydantic import Field

from api.schemas.base import Schema, Timestamp, example
from memory.knowledge.service import LONGEST_DOCUMENT
from memory.knowledge.store import Document


class DocumentIn(Schema):
    """Text of a document."""

    model_config = example(markdown="# Returns\n\nUnopened goods may come back within 30 days of delivery.")

    markdown: Annotated[str, Field(min_length=1, max_length=LONGEST_DOCUMENT)]
    """Text in Markdown; its first heading is the title."""


class DocumentOut(Schema):
    """A version of a document."""

    model_config = example(
        documentId="returns-policy", version=2, title="Returns", publishedBy="stf_sam", retiredAt=None
    )

    document_id: str
    """Id of the document."""
    version: int
    """Number of the version, from 1."""
    title: str
    """Title."""
    published_by: str
    """Id of the member of staff who published it."""
    published_at: Timestamp
    """When it was published."""
    retired_at: Timestamp | None
    """When it was retired or replaced; null while it is in use."""

    @classmethod
    def of(cls, document: Document) -> "DocumentOut":
        return cls.model_validate(document)


class DocumentRetired(Schema):
    """A document was retired."""

    model_config = example(documentId="returns-policy")

    document_id: str
    """Id of the document."""
