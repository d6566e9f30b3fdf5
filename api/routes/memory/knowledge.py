"""The documents that the shop answers from: staff publish and retire them, everybody may list them."""

from typing import Annotated

from fastapi import Depends

from api.authorization import Manager, Staff, Visitor
from api.deps import KnowledgeDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest
from api.routing import api_router
from api.schemas.ids import DocumentPath
from api.schemas.knowledge import DocumentIn, DocumentOut, DocumentRetired
from memory.knowledge.store import Document

router = api_router(
    prefix="/api/knowledge",
    tag="knowledge",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)
DocumentPages = Annotated[PageRequest, Depends(PageOf("documents", (str,)))]
VersionPages = Annotated[PageRequest, Depends(PageOf("documentVersions", (int,)))]


@router.get("")
def list_documents(_: Visitor, knowledge: KnowledgeDep, page: DocumentPages) -> Page[DocumentOut]:
    """List the published documents, by id."""
    return page.cut(knowledge.documents(), DocumentOut.of, key=_document_key)


@router.get("/{document_id}/versions")
def list_document_versions(
    document_id: DocumentPath, _: Staff, knowledge: KnowledgeDep, page: VersionPages
) -> Page[DocumentOut]:
    """List all versions of a document, the latest first."""
    return page.cut(knowledge.history(document_id), DocumentOut.of, key=_version_key)


@router.put("/{document_id}")
def publish_document(
    document_id: DocumentPath, text: DocumentIn, staff: Manager, knowledge: KnowledgeDep
) -> Envelope[DocumentOut]:
    """Publish a document or a new version of it. The former text is no longer quoted."""
    document = knowledge.publish(document_id, text.markdown, by=staff.id)
    return Envelope(data=DocumentOut.of(document))


@router.delete("/{document_id}")
def retire_document(
    document_id: DocumentPath, _: Manager, knowledge: KnowledgeDep
) -> Envelope[DocumentRetired]:
    """Retire a document: it is no longer quoted, and its versions stay on record."""
    knowledge.retire(document_id)
    return Envelope(data=DocumentRetired(document_id=document_id))


def _document_key(document: Document) -> Key:
    return (document.document_id,)


def _version_key(document: Document) -> Key:
    return (-document.version,)
