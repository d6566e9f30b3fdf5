"""What the shop tells its customers by e-mail and text message: how it looks, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from api.deps import NoticesDep, OffersDep, SettingsDep, Staff, WriterDep
from api.envelope import Envelope
from api.errors import refusals
from api.middleware.headers import CONTENT_POLICY
from api.routes.system.pages import templates
from api.shapes import Id, Like, Shape, Timestamp
from commerce.customers.contact import Channel
from commerce.notices.models import Notice, Status, Written

MOST_LISTED = 100
PREVIEW_POLICY = f"{CONTENT_POLICY}; style-src 'self' 'unsafe-inline'"
"""A letter brings its styles with it, and a frame inside the page is under the page's policy."""

router = APIRouter(
    prefix="/api/notices",
    tags=["notices"],
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)
pages = APIRouter(include_in_schema=False)

NoticeId = Annotated[str, Like(r"^[A-Za-z0-9_.:-]{1,200}$", "the id of a notice"), Path()]
Signature = Annotated[str, Like(r"^[0-9a-f]{64}$", "the signature in the letter's link"), Query()]


class Letter(Shape):
    """A notice in words. A text message has neither subject nor HTML."""

    subject: str
    text: str
    html: str

    @classmethod
    def of(cls, written: Written) -> "Letter":
        return cls(subject=written.subject, text=written.text, html=written.html)


class Sample(Shape):
    template: str
    letter: Letter


class NoticeState(Shape):
    id: str
    template: str
    about: str
    """The id of what it is about: a membership, an order, a ticket."""
    customer_id: str
    channel: Channel
    status: Status
    attempts: int
    reason: str | None
    """Why it is a dead letter or withheld, or why the last attempt failed."""
    created_at: Timestamp
    sent_at: Timestamp | None
    letter: Letter | None = None
    """As it was sent, codes masked. Only when one notice is asked for."""

    @classmethod
    def of(cls, notice: Notice, written: Written | None = None) -> "NoticeState":
        return cls(
            id=notice.id,
            template=notice.template,
            about=notice.about,
            customer_id=notice.customer_id,
            channel=notice.channel,
            status=notice.status,
            attempts=notice.attempts,
            reason=notice.reason,
            created_at=notice.created_at,
            sent_at=notice.sent_at,
            letter=Letter.of(written) if written else None,
        )


class OffersEnded(Shape):
    wants_offers: bool = False


@router.get("")
def list_notices(
    _: Staff,
    notices: NoticesDep,
    status: Status | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
) -> Envelope[list[NoticeState]]:
    """The latest notices, of one state if asked."""
    return Envelope(data=[NoticeState.of(each) for each in notices.latest(status=status, limit=limit)])


@router.get("/templates")
def list_templates(_: Staff, writer: WriterDep) -> Envelope[list[Sample]]:
    """Each notice that the shop knows, written with made-up details."""
    samples = [Sample(template=name, letter=Letter.of(writer.sample(name))) for name in writer.templates]
    return Envelope(data=samples)


@router.get("/unsubscribe", response_class=HTMLResponse)
def unsubscribe_page(
    request: Request,
    customer: Annotated[Id, Query()],
    signature: Signature,
    offers: OffersDep,
    settings: SettingsDep,
) -> HTMLResponse:
    """Asks before it ends offers, since mail scanners open every link."""
    offers.check(customer, signature)
    return templates.TemplateResponse(request, "notices/unsubscribe.html", {"shop": settings.shop.name})


@router.post("/unsubscribe")
def unsubscribe(
    customer: Annotated[Id, Query()], signature: Signature, offers: OffersDep
) -> Envelope[OffersEnded]:
    """End offers by e-mail, as a mail program does for its reader: the link is signed, nobody signs in."""
    offers.end(customer, signature)
    return Envelope(data=OffersEnded())


@router.get("/{notice_id}")
def find_notice(notice_id: NoticeId, _: Staff, notices: NoticesDep) -> Envelope[NoticeState]:
    """One notice, with what was sent."""
    notice = notices.find(notice_id)
    return Envelope(data=NoticeState.of(notice, notices.written(notice)))


@router.post("/{notice_id}/resend", responses=refusals("CONFLICT"))
def resend_notice(notice_id: NoticeId, _: Staff, notices: NoticesDep) -> Envelope[NoticeState]:
    """Attempt a dead letter once more."""
    notice = notices.resend(notice_id)
    return Envelope(data=NoticeState.of(notice, notices.written(notice)))


@pages.get("/console/notices", response_class=HTMLResponse)
def notices_page(request: Request, settings: SettingsDep) -> HTMLResponse:
    """An empty desk: what is on it comes from the routes above, for staff alone."""
    shown = {"shop": settings.shop.name, "states": [each.value for each in Status]}
    page = templates.TemplateResponse(request, "notices/desk.html", shown)
    page.headers["Content-Security-Policy"] = PREVIEW_POLICY
    return page
