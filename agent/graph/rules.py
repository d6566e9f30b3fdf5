"""How a turn opens when code, not a model, knows what the message means: a form, a yes or a no."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.consent import decision
from agent.models.base import Block, ModelAnswer
from agent.turns.models import UserMessage
from tools.confirmations import PendingAction

RULE = "rule"
"""The model's name in the journal when no model was asked."""
FORMS = {"card_number": "card", "security_code": "card"}
NAMES = {"card": "card", "age_verification": "age"}
MASKED = (
    "I have removed the personal details you typed, because a chat is not a safe place for them. "
    "Please use the {form} form instead; it goes straight to where it is needed."
)
LEFT_ALONE = "All right, I left it: nothing was changed and nothing was charged."


@dataclass(frozen=True)
class Opening:
    answer: ModelAnswer
    form: str | None = None
    confirmed: str | None = None
    """Id of the action that this message says yes to."""
    cancelled: str | None = None


def opening(
    said: Sequence[UserMessage], waiting: PendingAction | None, *, previous_turn: str | None
) -> Opening | None:
    """None when a model should read the message.

    A yes in words counts only when it follows the question: asked in the turn just before,
    and not yet expired when it was said. A button names its action.
    """
    masked = [kind for message in said for kind in message.masked]
    if masked:
        form = FORMS.get(masked[0], "age_verification")
        return Opening(_words(MASKED.format(form=NAMES[form])), form=form)
    for message in said:
        if message.action_id and message.decision:
            return _decided(message.decision, message.action_id)
    if waiting is None or waiting.asked_in != previous_turn:
        return None
    decided = decision("\n".join(message.text for message in said))
    return _decided(decided, waiting.id) if decided else None


def call_of(action: PendingAction) -> ModelAnswer:
    """The confirmed call as a model would have made it, so that the conversation reads true."""
    use: Block = {"type": "tool_use", "id": "confirmed", "name": action.tool, "input": dict(action.arguments)}
    return ModelAnswer([use], "tool_use", RULE)


def _decided(decided: str, action_id: str) -> Opening:
    if decided == "confirm":
        return Opening(_words(""), confirmed=action_id)
    return Opening(_words(LEFT_ALONE), cancelled=action_id)


def _words(text: str) -> ModelAnswer:
    return ModelAnswer([{"type": "text", "text": text}] if text else [], "end_turn", RULE)
