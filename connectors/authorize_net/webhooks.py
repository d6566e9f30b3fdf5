"""Authorize.Net's notifications: signed over the raw body, and read only once the signature is found good."""

import hashlib
import hmac

from pydantic import BaseModel, Field, ValidationError

from commerce.payments.ports import Notification, NotificationForged


class Payload(BaseModel):
    id: str = Field(min_length=1, max_length=64)


class Body(BaseModel):
    id: str = Field(alias="notificationId", min_length=1, max_length=64)
    event: str = Field(alias="eventType")
    payload: Payload


class Webhooks:
    def __init__(self, signature_key: str) -> None:
        self._key = signature_key

    def read(self, body: bytes, *, signature: str) -> Notification | None:
        expected = sign(body, key=self._key)
        if not hmac.compare_digest(signature.upper().encode(), expected.upper().encode()):
            raise NotificationForged
        try:
            sent = Body.model_validate_json(body)
        except ValidationError:
            return None
        prefix = sent.event.rpartition(".")[0]
        if prefix.startswith("net.authorize.payment"):
            return Notification(sent.id, "transaction", sent.payload.id)
        if prefix == "net.authorize.customer.subscription":
            return Notification(sent.id, "subscription", sent.payload.id)
        return None


def sign(body: bytes, *, key: str) -> str:
    """The header's value. The key is taken as the text it is shown as, not as the bytes it spells."""
    return f"sha512={hmac.digest(key.encode(), body, hashlib.sha512).hex().upper()}"
