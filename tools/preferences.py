"""Tools for what the shop remembers about a customer."""

from typing import Annotated, Any

from pydantic import Field

from commerce.inventory.vocabulary import topic_of
from memory.facts.models import ABOUT_THEMSELVES, Origin
from memory.facts.rules import PREDICATES
from memory.facts.store import LONGEST_PREDICATE, LONGEST_VALUE, Fact
from memory.profiles.models import Profile
from tools.base import Effect, ToolContext, slot, tool
from tools.phrases import counted, listed, long_date
from tools.results import ToolResult


@tool(Effect.NOTE, scope="own:write", label="Making a note")
def remember_preference(
    context: ToolContext,
    preference: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_VALUE),
        slot("said", ask="What should I remember?", description="In the customer's own words"),
    ],
    about: Annotated[
        str,
        Field(max_length=LONGEST_PREDICATE),
        slot("topic", ask="", description="One or two words, such as mint, budget or allergy"),
    ] = "",
) -> ToolResult:
    """Keep a lasting preference; it replaces what was noted before about the same thing."""
    kind = about or topic_of(preference) or preference[:LONGEST_PREDICATE]
    fact = context.services.memory.remember(context.principal.id, kind, preference, source=context.call_id)
    return ToolResult(f"I will remember: “{' '.join(preference.split())}”.", _data(context, fact))


@tool(Effect.READ, scope="own:read", label="Opening your profile")
def what_we_know(context: ToolContext) -> ToolResult:
    """What the shop keeps about the customer: who they are, what they told us, how they talk with us."""
    customer = context.services.customers.find(context.principal.id)
    facts = context.services.memory.facts(customer.id)
    profile = context.services.memory.profile(customer.id)
    lines = [
        f"- You are {customer.name}, {customer.email}.",
        *_history(context, profile),
        *(f"- {_known(fact)} ({_day(context, fact)})." for fact in facts),
    ]
    if not facts:
        lines.append("- You have not told us of any preference yet.")
    data = {
        "name": customer.name,
        "interactions": profile.interactions,
        "topics": profile.favourite_topics,
        "facts": [_data(context, fact) for fact in facts],
    }
    return ToolResult("\n".join(["This is what we know about you:", *lines]), data)


def _history(context: ToolContext, profile: Profile) -> list[str]:
    if profile.first_at is None:
        return []
    since = long_date(context.services.calendar.day(profile.first_at))
    topics = f", most often about {listed(profile.favourite_topics)}" if profile.favourite_topics else ""
    return [f"- We have talked {counted(profile.interactions, 'time')} since {since}{topics}."]


def _known(fact: Fact) -> str:
    """The source, the subject and the fact: a remark in the customer's words, an assertion in ours."""
    if fact.origin is Origin.BEHAVIOUR:
        return f"What you buy suggests: {fact.predicate} {fact.value}"
    source = "You told us" if fact.subject == ABOUT_THEMSELVES else f"You told us of your {fact.subject}"
    is_read = fact.predicate in PREDICATES
    return (
        f"{source}: {fact.predicate} {fact.value}"
        if is_read
        else f"{source}, {fact.predicate}: “{fact.value}”"
    )


def _day(context: ToolContext, fact: Fact) -> str:
    return long_date(context.services.calendar.day(fact.valid_from))


def _data(context: ToolContext, fact: Fact) -> dict[str, Any]:
    return {"about": fact.predicate, "preference": fact.value, "since": _day(context, fact)}
