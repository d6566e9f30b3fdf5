"""Probes of the process."""

from typing import Literal

from api.readiness import Part, PartState
from api.schemas.base import Schema, example


class Liveness(Schema):
    """The process answers."""

    status: Literal["alive"] = "alive"
    """Always `alive`."""


class PartOut(Schema):
    """State of one part."""

    model_config = example(status="ready", says="answers")

    status: PartState
    """State of the part."""
    says: str
    """Explanation in words."""

    @classmethod
    def of(cls, part: Part) -> "PartOut":
        return cls(status=part.state, says=part.says)


class Readiness(Schema):
    """State of the parts that a customer needs."""

    model_config = example(parts={"ledger": {"status": "ready", "says": "answers"}})

    status: PartState
    """The worst state among the parts."""
    parts: dict[str, PartOut]
    """State of each part, by name."""
