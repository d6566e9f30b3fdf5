"""A local server in the place of Authorize.Net."""

from demo.fakes.authorize_net.stand import (
    LOGIN_ID,
    SIGNATURE_KEY,
    TRANSACTION_KEY,
    AuthorizeNetStand,
)
from demo.fakes.authorize_net.webhooks import HEADER, Sent, notification

__all__ = [
    "HEADER",
    "LOGIN_ID",
    "SIGNATURE_KEY",
    "TRANSACTION_KEY",
    "AuthorizeNetStand",
    "Sent",
    "notification",
]
