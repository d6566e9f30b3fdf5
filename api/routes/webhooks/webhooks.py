"""Notifications of vendors: verified, stored, and handled later by the scheduler."""

from typing import Annotated, Any

import anyio.to_thread
from fastapi import Header, Request
from starlette.responses import Response

from api.deps import GatewayInboxDep, GatewayWebhooksDep
from api.errors import refusals
from api.routing import api_router
from commerce.payments.ports import NotificationForged
from foundation.errors import NotFound, Unauthorized

router = api_router(
    prefix="/api/webhooks",
    tag="webhooks",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "NOT_FOUND", "RATE_LIMITED"),
)
Signature = Annotated[
    str,
    Header(
        alias="X-ANET-Signature",
        max_length=200,
        description="HMAC-SHA512 of the body under the signature key, as `sha512=…`.",
        examples=["sha512=9F86D081884C7D65"],
    ),
]
EXAMPLE = {
    "notificationId": "d0e8e7fe-c3e7-4add-a480-27bc5ce28a18",
    "eventType": "net.authorize.payment.authcapture.created",
    "eventDate": "2026-03-01T12:00:00.0000000Z",
    "webhookId": "63d6fea2-aa13-4b1d-a204-f5fbc15942b7",
    "payload": {"entityName": "transaction", "id": "60020981676"},
}
BODY = {
    "required": True,
    "description": "A notification in the format of Authorize.Net.",
    "content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}},
}
STORED: dict[int | str, dict[str, Any]] = {200: {"description": "Stored; there is no content."}}


class NotConnected(NotFound):
    def __init__(self) -> None:
        super().__init__("No card gateway is configured to send notifications here.")


class Forged(Unauthorized):
    def __init__(self) -> None:
        super().__init__("The signature of this notification is not the gateway's.")


@router.post("/authorize-net", openapi_extra={"requestBody": BODY}, response_class=Response, responses=STORED)
async def receive_authorize_net(
    request: Request,
    gateway_webhooks: GatewayWebhooksDep,
    gateway_inbox: GatewayInboxDep,
    signature: Signature = "",
) -> Response:
    """Receive a notification of Authorize.Net. It is stored now and looked up at the gateway later."""
    if gateway_webhooks is None:
        raise NotConnected
    try:
        notification = gateway_webhooks.read(await request.body(), signature=signature)
    except NotificationForged as forgery:
        raise Forged from forgery
    if notification is not None:
        await anyio.to_thread.run_sync(gateway_inbox.receive, notification)
    return Response()
