"""Tool to hand the conversation over to a person."""

from typing import Annotated

from pydantic import Field

from tools.base import Effect, ToolContext, slot, tool
from tools.results import ToolResult

LONGEST_SUMMARY = 1_000


@tool(Effect.NOTE, scope="shop:read", label="Calling a member of our team")
def hand_over_to_person(
    context: ToolContext,
    summary: Annotated[
        str,
        Field(max_length=LONGEST_SUMMARY),
        slot("said", ask="", description="What it is about, so that the customer need not repeat it"),
    ] = "",
) -> ToolResult:
    """Pass the conversation to a person of the shop, when asked for one or when you cannot help."""
    request = context.services.handoffs.request(
        context.thread_id, principal_id=context.principal.id, summary=summary
    )
    say = (
        "I have passed our conversation to a member of our team. "
        "They will read it and answer you here or by e-mail."
    )
    return ToolResult(say, {"handoff_id": request.id, "summary": request.summary}, handed_over=True)
