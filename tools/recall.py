"""Tool to look up earlier conversations."""

from typing import Annotated

from pydantic import Field

from memory.conversations.models import Speaker
from memory.engine import RecalledTurn
from tools.base import Effect, ToolContext, slot, tool
from tools.phrases import long_date
from tools.results import ToolResult

SHOWN = 4
LONGEST_QUOTE = 200


@tool(Effect.READ, scope="own:read", label="Looking through our conversations")
def recall_conversation(
    context: ToolContext,
    question: Annotated[
        str,
        Field(min_length=1, max_length=500),
        slot("question", ask="What should I look for in our conversations?"),
    ],
) -> ToolResult:
    """What the customer and the shop said to each other before, word for word, with the day it was said."""
    found = context.services.memory.recall(context.principal.id, question, limit=SHOWN)
    if not found:
        return ToolResult("I find nothing about that in our earlier conversations.", {"turns": []})
    turns = sorted(found, key=lambda turn: turn.interaction.at)
    say = "\n".join(["From our earlier conversations:", *(_line(context, turn) for turn in turns)])
    data = [
        {
            "turn_id": turn.interaction.id,
            "at": turn.interaction.at.isoformat(),
            "customer_said": turn.interaction.message,
            "shop_said": turn.interaction.response,
        }
        for turn in turns
    ]
    return ToolResult(say, {"turns": data})


def _line(context: ToolContext, turn: RecalledTurn) -> str:
    said = {speaker: _quoted(turn.interaction.words_of(speaker)) for speaker in Speaker}
    day = long_date(context.services.calendar.day(turn.interaction.at))
    return f"- {day}: you said {said[Speaker.CUSTOMER]}, and we said {said[Speaker.SHOP]}."


def _quoted(words: str) -> str:
    flat = " ".join(words.split())
    shown = flat if len(flat) <= LONGEST_QUOTE else f"{flat[: LONGEST_QUOTE - 1].rstrip()}…"
    return f"“{shown}”"
