"""The documents that the shop answers from: staff publish and retire them, anybody may read them."""

from typing import Annotated

from fastapi import Path
from pydantic import ConfigDict, Field

from api.authorization import Manager, Staff, Visitor
from api.deps import KnowledgeDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Matching, Schema, Timestamp
from memory.knowledge.service import LONGEST_DOCUMENT
from memory.knowledge.store import Document

router = api_router(
    prefix="/api/knowledge",
    tag="knowledge",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)

DocumentId = Annotated[
    str,
    Matching(r"^[a-z0-9][a-z0-9-]{0,62}$", "small letters, digits and hyphens, such as returns-policy"),
    Path(),
]


class Manuscript(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"markdown": "# Returns\n\nUnopened goods may come back within 30 days of delivery."}
        }
    )

    markdown: Annotated[str, Field(min_length=1, max_length=LONGEST_DOCUMENT)]


class DocumentShown(Schema):
    document_id: str
    version: int
    title: str
    published_by: str
    published_at: Timestamp
    retired_at: Timestamp | None

    @classmethod
    def of(cls, document: Document) -> "DocumentShown":
        return cls.model_validate(document)


class Retired(Schema):
    document_id: str


@router.get("")
def list_documents(_: Visitor, knowledge: KnowledgeDep) -> Envelope[list[DocumentShown]]:
    """Those that are published."""
    return Envelope(data=[DocumentShown.of(each) for each in knowledge.documents()])


@router.get("/{document_id}/versions")
def list_document_versions(
    document_id: DocumentId, _: Staff, knowledge: KnowledgeDep
) -> Envelope[list[DocumentShown]]:
    """Every version there ever was, the newest first."""
    return Envelope(data=[DocumentShown.of(each) for each in knowledge.history(document_id)])


@router.put("/{document_id}")
def publish_document(
    document_id: DocumentId, manuscript: Manuscript, staff: Manager, knowledge: KnowledgeDep
) -> Envelope[DocumentShown]:
    """Publish a document, or a new version of it; the old text is never quoted again."""
    document = knowledge.publish(document_id, manuscript.markdown, by=staff.id)
    return Envelope(data=DocumentShown.of(document))


@router.delete("/{document_id}")
def retire_document(document_id: DocumentId, _: Manager, knowledge: KnowledgeDep) -> Envelope[Retired]:
    """Quote a document no more; that it was there stays on record."""
    knowledge.retire(document_id)
    return Envelope(data=Retired(document_id=document_id))
