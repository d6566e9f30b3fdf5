"""What vendors send unasked: proved to be theirs, stored, and taken up later by the scheduler."""

from typing import Annotated

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
EXAMPLE = {
    "notificationId": "d0e8e7fe-c3e7-4add-a480-27bc5ce28a18",
    "eventType": "net.authorize.payment.authcapture.created",
    "eventDate": "2026-03-01T12:00:00.0000000Z",
    "webhookId": "63d6fea2-aa13-4b1d-a204-f5fbc15942b7",
    "payload": {"entityName": "transaction", "id": "60020981676"},
}
BODY = {"content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}}}


class NotConnected(NotFound):
    def __init__(self) -> None:
        super().__init__("No card gateway sends its notifications here.")


class Forged(Unauthorized):
    def __init__(self) -> None:
        super().__init__("The signature of this notification is not the gateway's.")


@router.post("/authorize-net", openapi_extra={"requestBody": BODY}, response_class=Response)
async def receive_authorize_net(
    request: Request,
    gateway_webhooks: GatewayWebhooksDep,
    gateway_inbox: GatewayInboxDep,
    signature: Annotated[str, Header(alias="X-ANET-Signature", max_length=200)] = "",
) -> Response:
    """A signed notification: stored at once, looked up at the gateway later, whatever it says itself."""
    if gateway_webhooks is None:
        raise NotConnected
    try:
        notification = gateway_webhooks.read(await request.body(), signature=signature)
    except NotificationForged as forgery:
        raise Forged from forgery
    if notification is not None:
        await anyio.to_thread.run_sync(gateway_inbox.receive, notification)
    return Response()
