"""How a turn closes: the reply as the customer gets it, held against what the shop really said."""

from collections.abc import Sequence

from agent.graph import guardrails
from agent.graph.history import repaired, text_of
from agent.graph.run import Run
from agent.models.base import Message
from agent.turns.models import Confirmation, Reply
from tools.confirmations import PendingAction
from tools.results import Card, ToolResult

CARDS = 8
STILL_WAITING = "I am still waiting for your yes or no: {sentence}"
FAILED = (
    "Sorry, something went wrong on our side while I was answering. Your message is safe; please ask again, "
    "or ask for a person."
)
DONE_SO_FAR = "This was done before it went wrong: {said}"


def truthful(run: Run, exchange: Sequence[Message], results: Sequence[ToolResult], *, system: str) -> str:
    """What the model wrote in this turn; where it names a price that nothing gave it, what the tools said."""
    written = "\n\n".join(
        text for text in (text_of(m) for m in exchange if m["role"] == "assistant") if text.strip()
    )
    read = [*run.turn.history, run.turn.question, *(m for m in exchange if m["role"] == "user")]
    if guardrails.ungrounded(written, guardrails.sources(read, run.memory, system)):
        written = ""
    return with_question(guardrails.worded(written, results), run)


def with_question(text: str, run: Run) -> str:
    """The text with the exact question the thread waits on: a paraphrase may not be what is confirmed."""
    action = run.waiting
    if action is None or action.sentence in text:
        return text
    is_new = action.asked_in == run.turn.turn_id
    ask = f"{action.sentence} Shall I go ahead?" if is_new else STILL_WAITING.format(sentence=action.sentence)
    return f"{text}\n\n{ask}"


def reply_of(
    run: Run, text: str, results: Sequence[ToolResult], *, model: str, form: str | None, notice: str | None
) -> Reply:
    return Reply(
        turn_id=run.turn.turn_id,
        thread_id=run.turn.thread_id,
        text=text,
        model=model,
        cards=cards_of(results),
        confirmation=confirmation_of(run.waiting),
        form=form or next((result.form for result in results if result.form), None),
        handed_over=any(result.handed_over for result in results),
        notice=notice,
    )


def apology(run: Run, results: Sequence[ToolResult]) -> Reply:
    """What a turn ends with when it broke; what had been done for good is said."""
    done = " ".join(result.say for result in results if not result.is_error)
    text = f"{FAILED} {DONE_SO_FAR.format(said=done)}" if done else FAILED
    return Reply(turn_id=run.turn.turn_id, thread_id=run.turn.thread_id, text=text, model="rule", failed=True)


def exchange_of(run: Run, exchange: Sequence[Message], text: str) -> list[Message]:
    """The turn as later turns will read it: it ends with what was really said."""
    calls = [message for message in exchange if message["role"] == "user" or _has_call(message)]
    reply: Message = {"role": "assistant", "content": [{"type": "text", "text": text}]}
    return repaired([run.turn.question, *calls, reply])


def confirmation_of(action: PendingAction | None) -> Confirmation | None:
    if action is None:
        return None
    return Confirmation(action.id, action.tool, action.sentence, action.expires_at)


def cards_of(results: Sequence[ToolResult]) -> tuple[Card, ...]:
    unique = {(card.kind, card.id): card for result in results for card in result.cards}
    return tuple(unique.values())[:CARDS]


def _has_call(message: Message) -> bool:
    return any(block.get("type") == "tool_use" for block in message["content"])
