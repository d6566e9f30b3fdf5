"""Fact extraction by Claude: it fills in a form, and nothing else that it writes is used."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from agent.models.base import ModelUnavailable
from foundation.clock import Clock
from foundation.resilience import Breaker
from memory.conversations.models import Interaction
from memory.facts.clauses import RELATIONS
from memory.facts.models import ABOUT_THEMSELVES, Assertion, Fact
from memory.facts.rules import PREDICATES

if TYPE_CHECKING:
    from agent.models.claude import Claude

SYSTEM = (Path(__file__).parent / "fact_extraction.md").read_text(encoding="utf-8")
SUBJECTS = (ABOUT_THEMSELVES, *RELATIONS)
STATED = {
    "subject": {"type": "string", "enum": SUBJECTS, "description": "Whom it is about"},
    "predicate": {"type": "string", "enum": PREDICATES},
    "value": {"type": "string", "description": "In the customer's own words, as short as possible"},
    "holds": {"type": "boolean", "description": "False where they say that it is not, or no longer, so"},
    "confidence": {"type": "number", "description": "From 0 to 1"},
}
FORM = {
    "name": "note_statements",
    "description": "Note what the customer states of themselves or theirs. An empty list is a good answer.",
    "input_schema": {
        "type": "object",
        "properties": {
            "statements": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": STATED,
                    "required": list(STATED),
                    "additionalProperties": False,
                },
            }
        },
        "required": ["statements"],
        "additionalProperties": False,
    },
}


class _Stated(BaseModel):
    subject: str
    predicate: str
    value: str
    holds: bool
    confidence: Annotated[float, Field(ge=0, le=1)]


class _Form(BaseModel):
    statements: list[_Stated]


class ClaudeFactExtractor:
    def __init__(self, open_model: "Callable[[], Claude]", *, now: Clock) -> None:
        """open_model: opens a connection for each question, since each has an event loop of its own."""
        self._open_model = open_model
        self._breaker = Breaker("fact extraction", on=ModelUnavailable, now=now)

    def extract(
        self, turn: Interaction, *, read: Sequence[Assertion], known: Sequence[Fact]
    ) -> Sequence[Assertion]:
        with self._breaker:
            filled = asyncio.run(self._ask(_question(turn, read, known)))
        try:
            statements = _Form.model_validate(filled or {"statements": []}).statements
        except ValidationError as error:
            raise ModelUnavailable("invalid answer") from error
        return [
            Assertion(**each.model_dump())
            for each in statements
            if each.subject in SUBJECTS and each.predicate in PREDICATES
        ]

    async def _ask(self, question: str) -> Mapping[str, Any] | None:
        model = self._open_model()
        try:
            return await model.fill(FORM, system=SYSTEM, text=question)
        finally:
            await model.close()


def _question(turn: Interaction, read: Sequence[Assertion], known: Sequence[Fact]) -> str:
    """Only the customer's words: facts are never extracted from the shop's."""
    content = {
        "known_before": [_shown(each) for each in known],
        "read_at_once": [_shown(each) | {"holds": each.holds} for each in read],
        "message": turn.message,
    }
    return json.dumps(content, ensure_ascii=False)


def _shown(each: Assertion | Fact) -> dict[str, Any]:
    return {"subject": each.subject, "predicate": each.predicate, "value": each.value}
