"""Headers that the middleware adds, as the OpenAPI document shows them."""

from typing import Any

from api.envelope import failure_example
from api.errors import EXAMPLES
from api.middleware.idempotency import CHANGING, KEY_HEADER, KEY_PATTERN, REPLAYED
from api.middleware.rate_limit import LIMIT_HEADER, REMAINING_HEADER, RESET_HEADER
from api.middleware.request_id import HEADER as REQUEST_ID

JsonObject = dict[str, Any]
INTEGER: JsonObject = {"type": "integer", "minimum": 0}
RETRY_AFTER = "Retry-After"
RESPONSE_HEADERS: dict[str, JsonObject] = {
    REQUEST_ID: {
        "description": f"Id of this request in the server's log. A request may send its own `{REQUEST_ID}`.",
        "schema": {"type": "string"},
        "example": "req_8f2k1m9q0z7x3c5v6b4n",
    },
    LIMIT_HEADER: {
        "description": "Requests that may be made in a minute.",
        "schema": INTEGER,
        "example": 100,
    },
    REMAINING_HEADER: {"description": "Requests left in this minute.", "schema": INTEGER, "example": 99},
    RESET_HEADER: {"description": "Seconds until a request is free again.", "schema": INTEGER, "example": 60},
    REPLAYED: {
        "description": f"`true` on the stored response to an earlier request with the same `{KEY_HEADER}`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    RETRY_AFTER: {"description": "Seconds to wait before the next try.", "schema": INTEGER, "example": 20},
    "WWW-Authenticate": {
        "description": "The scheme of the token.",
        "schema": {"type": "string", "enum": ["Bearer"]},
    },
}
IDEMPOTENCY_PARAMETER: JsonObject = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "Names this request. Sent again with the same key and the same body within 24 hours, the "
    "request is not carried out a second time: the stored response comes back, with "
    f"`{REPLAYED}: true`. The same key with another body is refused with 409.",
    "schema": {"type": "string", "pattern": KEY_PATTERN, "examples": ["order-2026-03-01-17"]},
}
CONFLICT: JsonObject = {
    "description": "CONFLICT",
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/Failure"},
            "example": failure_example("CONFLICT", EXAMPLES["CONFLICT"]),
        }
    },
}


class Headers:
    """Documents each header once, under the components, and refers to it from the operations."""

    def __init__(self, document: JsonObject) -> None:
        components = document["components"]
        components["headers"] = RESPONSE_HEADERS
        components["parameters"] = {"IdempotencyKey": IDEMPOTENCY_PARAMETER}

    def document(self, operation: JsonObject, method: str, *, is_limited: bool) -> None:
        is_replayable = method in CHANGING and bool(operation["security"])
        if is_replayable:
            self._add_key(operation)
        for status, response in operation["responses"].items():
            names = [REQUEST_ID]
            if is_limited:
                names += [LIMIT_HEADER, REMAINING_HEADER, RESET_HEADER]
            if is_replayable and status.startswith(("2", "4")):
                names.append(REPLAYED)
            names += {"401": ["WWW-Authenticate"], "429": [RETRY_AFTER]}.get(status, [])
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}

    def _add_key(self, operation: JsonObject) -> None:
        parameters = operation.setdefault("parameters", [])
        operation["responses"].setdefault("409", CONFLICT)
        if all(each.get("name") != KEY_HEADER for each in parameters):
            parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
