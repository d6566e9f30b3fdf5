"""Notices to customers by e-mail and text message."""

from typing import Annotated

from pydantic import Field

from api.schemas.base import Schema, Timestamp, example
from api.schemas.ids import CustomerRef
from commerce.customers.contact import Channel
from commerce.notices.models import Notice, Status, Written


class NoticeContent(Schema):
    """A notice in words. A text message has neither subject nor HTML."""

    model_config = example(
        subject="Your order is on its way",
        text="Hello Dana, your order ord_7k2m9q0z is on its way.",
        html="<p>Hello Dana, your order is on its way.</p>",
    )

    subject: str
    """Subject line; empty for a text message."""
    text: str
    """Plain text."""
    html: str
    """HTML; empty for a text message."""

    @classmethod
    def of(cls, written: Written) -> "NoticeContent":
        return cls(subject=written.subject, text=written.text, html=written.html)


class NoticeTemplate(Schema):
    """A template, filled with invented details."""

    model_config = example(template="order_shipped")

    template: str
    """Name of the template."""
    content: NoticeContent
    """The notice in words."""


class NoticeOut(Schema):
    """A notice and its delivery."""

    model_config = example(
        id="ntc_5v6b4n8f2k1m9q0z7x3c",
        template="order_shipped",
        about="ord_7k2m9q0z7x3c5v6b4n1d",
        attempts=1,
        reason=None,
    )

    id: str
    """Id of the notice."""
    template: str
    """Name of the template."""
    about: Annotated[str, Field(examples=["ord_7k2m9q0z7x3c5v6b4n1d"])]
    """Id of what it is about: a membership, an order, a ticket."""
    customer_id: CustomerRef
    channel: Channel
    """Channel it is sent by."""
    status: Status
    """State of the delivery."""
    attempts: int
    """Number of attempts to send it."""
    reason: str | None
    """Why it was not sent, or why the last attempt failed; null otherwise."""
    created_at: Timestamp
    """When it was created."""
    sent_at: Timestamp | None
    """When it was sent; null while it is not."""
    content: NoticeContent | None = None
    """What was sent, with codes masked; null in lists."""

    @classmethod
    def of(cls, notice: Notice, written: Written | None = None) -> "NoticeOut":
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
            content=NoticeContent.of(written) if written else None,
        )


class OffersEnded(Schema):
    """The customer gets no more offers by e-mail."""

    wants_offers: bool = False
    """Always false."""
