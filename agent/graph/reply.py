"""The reply of a turn: its text is checked against what the shop's tools returned."""

from collections.abc import Sequence

from agent.graph import guardrails
from agent.graph.history import repaired, text_of
from agent.graph.state import TurnState
from agent.models.base import Message
from agent.turns.models import Confirmation, LeasedTurn, Reply
from tools.confirmations import PendingAction
from tools.results import Card, ToolResult

MAX_CARDS = 8
STILL_WAITING = "I am still waiting for your yes or no: {sentence}"
FAILED = (
    "Sorry, something went wrong on our side while I was answering. Your message is safe; please ask again, "
    "or ask for a person."
)
DONE_SO_FAR = "This was done before it went wrong: {said}"


def grounded_text(
    turn: LeasedTurn, exchange: Sequence[Message], results: Sequence[ToolResult], *, prompt: Sequence[str]
) -> str:
    """What the model wrote in this turn; where it names a price that no source has, what the tools said.

    prompt: the texts that the model read besides the messages.
    """
    written = "\n\n".join(
        text for text in (text_of(m) for m in exchange if m["role"] == "assistant") if text.strip()
    )
    read = [*turn.history, turn.question, *(m for m in exchange if m["role"] == "user")]
    if guardrails.ungrounded(written, guardrails.sources(read, *prompt)):
        written = ""
    return guardrails.with_fallback(written, results)


def with_question(text: str, waiting: PendingAction | None, *, turn_id: str) -> str:
    """The text with the exact sentence to confirm: a paraphrase may not be what is confirmed."""
    if waiting is None or waiting.sentence in text:
        return text
    is_new = waiting.asked_in == turn_id
    ask = (
        f"{waiting.sentence} Shall I go ahead?" if is_new else STILL_WAITING.format(sentence=waiting.sentence)
    )
    return f"{text}\n\n{ask}"


def reply_of(turn: LeasedTurn, state: TurnState, text: str) -> Reply:
    results = list(state["results"].values())
    return Reply(
        turn_id=turn.turn_id,
        thread_id=turn.thread_id,
        text=text,
        model=state["model"],
        cards=cards_of(results),
        confirmation=confirmation_of(state["waiting"]),
        form=state["form"] or next((result.form for result in results if result.form), None),
        handed_over=any(result.handed_over for result in results),
        notice=state["notice"],
    )


def apology(turn: LeasedTurn, results: Sequence[ToolResult]) -> Reply:
    """The reply of a turn that broke; what was carried out before is named."""
    done = " ".join(result.say for result in results if not result.is_error)
    text = f"{FAILED} {DONE_SO_FAR.format(said=done)}" if done else FAILED
    return Reply(turn_id=turn.turn_id, thread_id=turn.thread_id, text=text, model="rule", failed=True)


def exchange_of(turn: LeasedTurn, exchange: Sequence[Message], text: str) -> list[Message]:
    """The turn as later turns read it: it ends with the text that was sent."""
    calls = [message for message in exchange if message["role"] == "user" or _has_call(message)]
    reply: Message = {"role": "assistant", "content": [{"type": "text", "text": text}]}
    return repaired([turn.question, *calls, reply])


def confirmation_of(action: PendingAction | None) -> Confirmation | None:
    if action is None:
        return None
    return Confirmation(action.id, action.tool, action.sentence, action.expires_at)


def cards_of(results: Sequence[ToolResult]) -> tuple[Card, ...]:
    unique = {(card.kind, card.id): card for result in results for card in result.cards}
    return tuple(unique.values())[:MAX_CARDS]


def _has_call(message: Message) -> bool:
    return any(block.get("type") == "tool_use" for block in message["content"])
