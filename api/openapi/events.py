"""Schemas of server-sent events, which no response model of a route refers to."""

from typing import Any

from api.schemas.chat_events import CHAT_EVENT


def add_event_schemas(document: dict[str, Any]) -> None:
    schema = CHAT_EVENT.json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas = document["components"]["schemas"]
    for name, each in schema.pop("$defs").items():
        schemas.setdefault(name, each)
    schemas["ChatEvent"] = {**schema, "description": "An event of a turn; `event` names its kind."}
