"""Notifications as Authorize.Net signs and sends them."""

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import datetime

HEADER = "X-ANET-Signature"


@dataclass(frozen=True)
class Sent:
    body: bytes
    signature: str


def notification(event: str, subject_id: str, *, at: datetime, key: str) -> Sent:
    is_transaction = event.startswith("net.authorize.payment")
    fields = {
        "notificationId": str(uuid.uuid4()),
        "eventType": event,
        "eventDate": at.strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
        "webhookId": str(uuid.UUID(int=1)),
        "payload": {"entityName": "transaction" if is_transaction else "subscription", "id": subject_id},
    }
    body = json.dumps(fields).encode()
    return Sent(body, f"sha512={hmac.digest(key.encode(), body, hashlib.sha512).hex().upper()}")
