"""Checks of a reply, whichever model wrote it: it has text, and its prices have a source."""

import json
import re
from collections.abc import Iterable

from agent.models.base import Message
from tools.results import ToolResult

PRICE = re.compile(r"\$\s?(\d[\d,]*(?:\.\d{1,2})?)")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
NOTHING_TO_SAY = (
    "Sorry, I don't have an answer to that. You can ask me about our products, memberships and raffles, "
    "or I can bring in a person."
)


def prices(text: str) -> set[str]:
    """The dollar amounts a text names, as plain numbers with cents: `{"197.00"}`."""
    return {f"{float(found.replace(',', '')):.2f}" for found in PRICE.findall(text)}


def ungrounded(text: str, sources: Iterable[str]) -> set[str]:
    """Prices in the text that no source has."""
    named = prices(text)
    if not named:
        return set()
    known = {f"{float(found.replace(',', '')):.2f}" for source in sources for found in NUMBER.findall(source)}
    return named - known


def sources(messages: Iterable[Message], *texts: str) -> list[str]:
    """Everything the model has read: the customer, a tool, memory or a policy may give a price."""
    return [json.dumps(message["content"]) for message in messages] + list(texts)


def with_fallback(text: str, results: Iterable[ToolResult]) -> str:
    """The text; if it is empty, what the tools of this turn said; without those, an apology."""
    said = " ".join(result.say for result in results if result.say)
    return text.strip() or said or NOTHING_TO_SAY
