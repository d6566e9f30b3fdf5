"""A fake Authorize.Net: a local server that speaks its protocol."""

from demo.fakes.authorize_net.server import (
    LOGIN_ID,
    SIGNATURE_KEY,
    TRANSACTION_KEY,
    FakeAuthorizeNet,
)
from demo.fakes.authorize_net.webhooks import HEADER, Sent, notification

__all__ = [
    "HEADER",
    "LOGIN_ID",
    "SIGNATURE_KEY",
    "TRANSACTION_KEY",
    "FakeAuthorizeNet",
    "Sent",
    "notification",
]
