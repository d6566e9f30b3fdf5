"""Answers by rule, where code knows what the message means and no model is asked: a form, a yes or a no."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.consent import Decision, decision
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
NOTHING_CHANGED = "All right, I left it: nothing was changed and nothing was charged."


@dataclass(frozen=True)
class RuleAnswer:
    answer: ModelAnswer
    confirmed: str | None = None
    """Id of the action that this message confirms; its call takes the place of `answer`."""
    cancelled: str | None = None
    """Id of the action that this message cancels."""


def answer_by_rule(
    messages: Sequence[UserMessage], waiting: PendingAction | None, *, previous_turn_id: str | None
) -> RuleAnswer | None:
    """None when a model should read the message.

    A yes in words counts only when it follows the question: asked in the turn just before,
    and not yet expired when it was sent. A button names its action.
    """
    masked = [kind for message in messages for kind in message.masked]
    if masked:
        form = FORMS.get(masked[0], "age_verification")
        return RuleAnswer(_text(MASKED.format(form=NAMES[form]), form=form))
    for message in messages:
        if message.action_id and message.decision:
            return _decided(message.decision, message.action_id)
    if waiting is None or waiting.asked_in != previous_turn_id:
        return None
    decided = decision("\n".join(message.text for message in messages))
    return _decided(decided, waiting.id) if decided else None


def confirmed_call(action: PendingAction) -> ModelAnswer:
    """The confirmed call as a model would have made it, so that the history pairs calls and results."""
    use: Block = {"type": "tool_use", "id": "confirmed", "name": action.tool, "input": dict(action.arguments)}
    return ModelAnswer([use], "tool_use", RULE)


def _decided(decided: Decision, action_id: str) -> RuleAnswer:
    if decided == "confirm":
        return RuleAnswer(_text(""), confirmed=action_id)
    return RuleAnswer(_text(NOTHING_CHANGED), cancelled=action_id)


def _text(text: str, *, form: str | None = None) -> ModelAnswer:
    return ModelAnswer([{"type": "text", "text": text}] if text else [], "end_turn", RULE, form=form)
