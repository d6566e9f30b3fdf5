"""A local server in the place of Authorize.Net."""

from evals.stands.authorize_net.stand import (
    LOGIN_ID,
    SIGNATURE_KEY,
    TRANSACTION_KEY,
    AuthorizeNetStand,
)
from evals.stands.authorize_net.webhooks import HEADER, Sent, notification

__all__ = [
    "HEADER",
    "LOGIN_ID",
    "SIGNATURE_KEY",
    "TRANSACTION_KEY",
    "AuthorizeNetStand",
    "Sent",
    "notification",
]
