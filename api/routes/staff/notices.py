"""Notices to customers by e-mail and text message: templates, delivery, and the end of offers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from api.authorization import Staff
from api.deps import NoticesDep, OffersDep, SettingsDep, WriterDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.middleware.headers import CONTENT_POLICY
from api.pagination import Key, PageOf, PageRequest, time_key
from api.routes.system.pages import templates
from api.routing import api_router
from api.schemas.base import Id, Matching
from api.schemas.ids import NoticePath
from api.schemas.notices import NoticeContent, NoticeOut, NoticeTemplate, OffersEnded
from commerce.notices.models import Notice, Status

PREVIEW_POLICY = f"{CONTENT_POLICY}; style-src 'self' 'unsafe-inline'"
"""An e-mail brings its styles with it, and a frame inside the page is under the page's policy."""

router = api_router(
    prefix="/api/notices",
    tag="notices",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)
pages = APIRouter(include_in_schema=False)

NoticePages = Annotated[PageRequest, Depends(PageOf("notices"))]
Subscriber = Annotated[Id, Query(description="Id of the customer in the link.", examples=["cus_demo"])]
Signature = Annotated[
    str,
    Matching(r"^[0-9a-f]{64}$", "the signature in the link"),
    Query(description="Signature in the link.", examples=["9f86d081" * 8]),
]


@router.get("")
def list_notices(
    _: Staff,
    notices: NoticesDep,
    page: NoticePages,
    status: Annotated[Status | None, Query(description="Only notices in this state.")] = None,
) -> Page[NoticeOut]:
    """List the notices, the latest first."""
    found = notices.latest(status=status, limit=page.fetched, after=page.after)
    return page.of(found, NoticeOut.of, key=_notice_key)


@router.get("/templates")
def list_notice_templates(_: Staff, writer: WriterDep) -> Envelope[list[NoticeTemplate]]:
    """List all templates, filled with invented details. They are part of the release: there are no pages."""
    samples = [
        NoticeTemplate(template=name, content=NoticeContent.of(writer.sample(name)))
        for name in writer.templates
    ]
    return Envelope(data=samples)


PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The page.",
        "content": {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"}},
    }
}


@router.get("/unsubscribe", response_class=HTMLResponse, responses=PAGE)
def show_unsubscribe_page(
    request: Request, customer: Subscriber, signature: Signature, offers: OffersDep, settings: SettingsDep
) -> HTMLResponse:
    """Show the page that asks before it ends offers: mail scanners open every link."""
    offers.check(customer, signature)
    return templates.TemplateResponse(request, "notices/unsubscribe.html", {"shop": settings.shop.name})


@router.post("/unsubscribe")
def unsubscribe_from_offers(
    customer: Subscriber, signature: Signature, offers: OffersDep
) -> Envelope[OffersEnded]:
    """End offers by e-mail. Mail programs call it for their reader: the link is signed."""
    offers.end(customer, signature)
    return Envelope(data=OffersEnded())


@router.get("/{notice_id}")
def get_notice(notice_id: NoticePath, _: Staff, notices: NoticesDep) -> Envelope[NoticeOut]:
    """Get a notice with what was sent."""
    notice = notices.find(notice_id)
    return Envelope(data=NoticeOut.of(notice, notices.written(notice)))


@router.post("/{notice_id}/resend", responses=refusals("CONFLICT"))
def resend_notice(notice_id: NoticePath, _: Staff, notices: NoticesDep) -> Envelope[NoticeOut]:
    """Try again to send a notice that could not be sent."""
    notice = notices.resend(notice_id)
    return Envelope(data=NoticeOut.of(notice, notices.written(notice)))


@pages.get("/console/notices", response_class=HTMLResponse)
def notices_page(request: Request, settings: SettingsDep) -> HTMLResponse:
    """An empty page: its content comes from the routes above, for staff alone."""
    shown = {"shop": settings.shop.name, "states": [each.value for each in Status]}
    page = templates.TemplateResponse(request, "notices/desk.html", shown)
    page.headers["Content-Security-Policy"] = PREVIEW_POLICY
    return page


def _notice_key(notice: Notice) -> Key:
    return time_key(notice.created_at, notice.id)
