"""What a model's answer asks for: text to send, calls to make, or another answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.models.base import Block, ModelAnswer
from tools.base import Tool
from tools.catalog import Call

CUT_OFF = "Sorry, I had to stop in the middle of that. Please ask me for the rest."
DECLINED = "Sorry, I can't help with that. Is there something about the shop that I can do for you?"
TOO_MANY = "Too many calls in one turn: this one was not made. Answer with what you have."
ONE_AT_A_TIME = "Only one thing can be confirmed at a time: this one was not proposed. Offer it afterwards."


@dataclass(frozen=True)
class ParsedAnswer:
    """An answer that is safe to act on."""

    content: list[Block]
    """As it goes into the history: each call has an id of its own."""
    text: str
    calls: tuple[Call, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    """Calls, by id, that must not be made, and why."""
    is_paused: bool = False
    """The model paused and wants to be called again with what it wrote so far."""


def parse_answer(
    answer: ModelAnswer, *, step: int, turn_id: str, tools_left: int, tools: Sequence[Tool]
) -> ParsedAnswer:
    """Calls count only under `tool_use`; a reply cut off in the middle of a call makes none."""
    content = [dict(block) for block in answer.content]
    if answer.stop_reason != "tool_use":
        blocks = [block for block in content if block.get("type") != "tool_use"]
        text = _text(blocks, answer.stop_reason)
        return ParsedAnswer(blocks, text, is_paused=answer.stop_reason == "pause_turn")
    uses = [block for block in content if block.get("type") == "tool_use"]
    calls = []
    for index, block in enumerate(uses):
        block["id"] = f"call_{turn_id}_{step}_{index}"
        calls.append(Call(block["id"], str(block.get("name")), block.get("input")))
    return ParsedAnswer(content, _text(content, "tool_use"), tuple(calls), _refused(calls, tools_left, tools))


def _text(blocks: Sequence[Block], stop_reason: str) -> str:
    text = "".join(str(block.get("text") or "") for block in blocks if block.get("type") == "text").strip()
    if stop_reason == "refusal":
        return DECLINED
    if stop_reason in ("max_tokens", "model_context_window_exceeded"):
        return f"{text} … {CUT_OFF}" if text else CUT_OFF
    return text


def _refused(calls: Sequence[Call], tools_left: int, tools: Sequence[Tool]) -> dict[str, str]:
    confirmed = {tool.name for tool in tools if tool.effect.needs_confirmation}
    proposals = [call.id for call in calls if call.tool in confirmed]
    refused = dict.fromkeys(proposals[1:], ONE_AT_A_TIME)
    return refused | {call.id: TOO_MANY for call in calls[max(0, tools_left) :]}
