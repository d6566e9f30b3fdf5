"""Tools for age verification. The customer gives the proof in a form, never in the chat."""

from typing import Any

from commerce.age.models import MINIMUM_AGE, AgeProof
from tools.base import Effect, ToolContext, tool
from tools.phrases import long_date
from tools.results import ToolResult

FORM = "age_verification"
INVITATION = (
    f"Please fill in the secure form to show that you are {MINIMUM_AGE} or older; it takes a minute. "
    "Never write your birthday or ID number in the chat."
)
RENEWAL = (
    "Please renew it in the secure form; it takes a minute. "
    "Never write your birthday or ID number in the chat."
)


@tool(Effect.READ, scope="own:read", label="Checking your age verification")
def age_status(context: ToolContext) -> ToolResult:
    """Whether the customer's age is verified, and until when."""
    proof = context.services.ages.status(context.principal.id)
    if proof is None:
        return ToolResult(f"Your age is not verified yet. {INVITATION}", _data(None), form=FORM)
    day, now = long_date(context.services.calendar.day(proof.expires_at)), context.services.calendar.now()
    if proof.is_valid(now):
        return ToolResult(f"Your age is verified until {day}.", _data(proof))
    if proof.is_in_grace(now):
        last = long_date(context.services.calendar.day(proof.usable_until))
        say = f"Your age verification ended on {day}. You can still buy until {last}. {RENEWAL}"
        return ToolResult(say, _data(proof), form=FORM)
    return ToolResult(f"Your age verification ended on {day}. {INVITATION}", _data(None), form=FORM)


@tool(Effect.READ, scope="own:read", label="Opening the age form")
def open_age_form(context: ToolContext) -> ToolResult:
    """Show the customer the form in which they prove their age; nothing is asked in the chat."""
    proof = context.services.ages.status(context.principal.id)
    if proof is not None and proof.is_usable(context.services.calendar.now()):
        return age_status.run(context, age_status.parse({}))
    return ToolResult(INVITATION, _data(None), form=FORM)


def _data(proof: AgeProof | None) -> dict[str, Any]:
    return {"verified": proof is not None, "expires_at": proof and proof.expires_at.isoformat()}
