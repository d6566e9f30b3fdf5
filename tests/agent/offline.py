"""A talk with the offline model, in which every tool answers what a test says it does."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from agent.models.base import Block, Message, ModelAnswer, ModelRequest
from agent.models.offline.model import OfflineModel
from agent.models.offline.training import Training
from agent.models.offline.vocabulary import Named
from memory.embeddings import load_embedder
from tools.base import Tool
from tools.catalog import TOOLS
from tools.results import PendingConfirmation

MODELS = Path(__file__).parents[2] / "var" / "models"
OWL, MOON, DRIFT = "prd_owl", "prd_moon", "prd_drift"
NAMES = (
    Named("product", OWL, "Night Owl Gummies"),
    Named("product", MOON, "Moonlit Tincture"),
    Named("product", DRIFT, "Drift Flower"),
    Named("product", "prd_fiesta", "Fiesta Seltzer"),
    Named("raffle", "rfl_guitar", "Acoustic Guitar Raffle"),
    Named("raffle", "rfl_spa", "Spa Weekend"),
)
SHELF: dict[str, Any] = {
    "say": "1. Night Owl Gummies — $28.00\n2. Moonlit Tincture — $45.00\n3. Drift Flower — $36.00",
    "data": {
        "products": [
            {"id": OWL, "name": "Night Owl Gummies", "category": "edible", "price": "28.00"},
            {"id": MOON, "name": "Moonlit Tincture", "category": "tincture", "price": "45.00"},
            {"id": DRIFT, "name": "Drift Flower", "category": "flower", "price": "36.00"},
        ]
    },
}
RAFFLES: dict[str, Any] = {
    "say": "1. Acoustic Guitar Raffle\n2. Spa Weekend",
    "data": {
        "raffles": [
            {"id": "rfl_guitar", "title": "Acoustic Guitar Raffle"},
            {"id": "rfl_spa", "title": "Spa Weekend"},
        ]
    },
}
WAITING = PendingConfirmation("act_1", datetime(2026, 3, 1, 12, 10, tzinfo=UTC)).to_json()
PENDING: dict[str, Any] = {"say": "That, from today. Shall I go ahead?", "data": WAITING}
RESULTS: Mapping[str, Any] = {
    "search_products": SHELF,
    "list_raffles": RAFFLES,
    "subscribe_membership": PENDING,
    "buy_raffle_tickets": PENDING,
}


@cache
def model() -> OfflineModel:
    made = OfflineModel(Training(load_embedder(MODELS), folder=MODELS), names=lambda: NAMES)
    made.prepare(TOOLS)
    return made


@dataclass
class Answered:
    calls: list[tuple[str, dict[str, Any]]]
    text: str
    steps: int
    """How often the model was asked."""


@dataclass
class Talk:
    results: Mapping[str, Any] = field(default_factory=lambda: RESULTS)
    tools: Sequence[Tool] = TOOLS
    withheld: Sequence[Tool] = ()
    thread: list[Message] = field(default_factory=list)

    def say(self, text: str) -> Answered:
        self.thread.append({"role": "user", "content": [{"type": "text", "text": text}]})
        calls: list[tuple[str, dict[str, Any]]] = []
        for step in range(1, 8):
            content = self.answer().content
            uses = [{**b, "id": f"{len(self.thread)}:{b['id']}"} for b in content if b["type"] == "tool_use"]
            if not uses:
                self.thread.append({"role": "assistant", "content": content})
                return Answered(calls, "".join(block["text"] for block in content), step)
            self.thread.append({"role": "assistant", "content": uses})
            self.thread.append({"role": "user", "content": [self._result(use) for use in uses]})
            calls += [(use["name"], use["input"]) for use in uses]
        raise AssertionError("the turn does not end in words")

    def answer(self) -> ModelAnswer:
        """The model's next answer to the thread as it stands."""
        request = ModelRequest("", "", self.thread, self.tools, self.withheld)
        return asyncio.run(model().answer(request, on_text=_nowhere))

    def _result(self, use: Block) -> Block:
        content = self.results.get(use["name"], {"say": f"Said by {use['name']}.", "data": None})
        return {"type": "tool_result", "tool_use_id": use["id"], "content": json.dumps(content)}


async def _nowhere(_text: str) -> None:
    """The whole text comes in the answer too."""
