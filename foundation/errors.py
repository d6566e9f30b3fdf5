"""Refusals, named by what the caller can do about them.

A message is written for the customer: the agent says it and the API sends it. What only an engineer
should see is logged instead.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

Code = Literal[
    "INVALID_INPUT",
    "UNAUTHORIZED",
    "PAYMENT_DECLINED",
    "FORBIDDEN",
    "NOT_FOUND",
    "CONFLICT",
    "RATE_LIMITED",
    "DATABASE_ERROR",
    "INTERNAL_ERROR",
    "UNAVAILABLE",
    "GATEWAY_TIMEOUT",
]


class ShopError(Exception):
    """An expected refusal. `details` names the field and what would be right."""

    code: ClassVar[Code]

    def __init__(self, message: str, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.details = dict(details or {})


class Invalid(ShopError):
    code = "INVALID_INPUT"


class Unauthorized(ShopError):
    code = "UNAUTHORIZED"


class PaymentDeclined(ShopError):
    code = "PAYMENT_DECLINED"


class Forbidden(ShopError):
    code = "FORBIDDEN"


class NotFound(ShopError):
    code = "NOT_FOUND"


class Conflict(ShopError):
    code = "CONFLICT"


class RateLimited(ShopError):
    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message, {"retry_after_seconds": retry_after_seconds})
        self.retry_after_seconds = retry_after_seconds


class Unavailable(ShopError):
    code = "UNAVAILABLE"


class GatewayTimeout(ShopError):
    code = "GATEWAY_TIMEOUT"
