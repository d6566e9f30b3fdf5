"""Tools for memberships."""

from datetime import datetime
from typing import Annotated, Any

from commerce.memberships.models import PLANS, Membership, Plan, Tier
from foundation.money import Money
from tools.base import Card, Effect, ToolContext, ToolResult, slot, tool
from tools.phrases import Dollars, dollars, listed, spoken

WHICH_TIER = "Which membership would you like: Bronze, Silver or Gold?"
HOW_MUCH = "What does the order come to, in dollars?"


@tool(Effect.READ, scope="shop:read", label="Fetching the memberships")
def list_membership_tiers(context: ToolContext) -> ToolResult:  # noqa: ARG001 - every tool takes it
    """The three memberships with price, discount and benefits."""
    lines = [f"{number}. {_plan(plan)}" for number, plan in enumerate(PLANS.values(), start=1)]
    say = "\n".join(["We have three memberships, paid by the month:", *lines])
    cards = tuple(
        Card(
            kind="membership",
            id=plan.tier,
            title=plan.tier.label,
            subtitle=listed(plan.benefits[1:]),
            price=dollars(plan.price),
            badges=(f"{plan.percent}% off",),
        )
        for plan in PLANS.values()
    )
    return ToolResult(say, {"memberships": [_plan_data(plan) for plan in PLANS.values()]}, cards)


@tool(Effect.READ, scope="own:read", label="Looking up your membership")
def membership_status(context: ToolContext) -> ToolResult:
    """The customer's own membership: tier, discount, price and next payment."""
    membership = context.services.memberships.status(context.principal.id)
    if membership is None:
        return ToolResult("You have no active membership at the moment.", {"membership": None})
    say = (
        f"You have been a {membership.tier.label} member since {_day(context, membership.started_at)}: "
        f"{membership.percent}% off all products for {membership.price} a month. "
        f"The next payment is due on {_day(context, membership.next_billing_at)}."
    )
    return ToolResult(say, {"membership": _data(membership)})


@tool(Effect.READ, scope="own:read", label="Working out your discount")
def membership_discount(
    context: ToolContext,
    subtotal: Annotated[Dollars, slot("money", ask=HOW_MUCH, description="The order's total in dollars")],
) -> ToolResult:
    """What the customer's membership takes off an order, to the cent."""
    total = Money.from_dollars(subtotal)
    worth = context.services.memberships.discount(context.principal.id, subtotal=total)
    if worth.tier is None:
        savings = [f"{plan.tier.label} {total.percent(plan.percent)}" for plan in PLANS.values()]
        say = (
            f"Without a membership there is no discount, so {total} stays {total}. "
            f"A membership would take off: {listed(savings)}."
        )
    else:
        say = (
            f"As a {worth.tier.label} member you save {worth.percent}%: {worth.amount} off {total}, "
            f"so you pay {worth.final_total}."
        )
    data = {
        "tier": worth.tier,
        "percent": worth.percent,
        "amount": dollars(worth.amount),
        "final_total": dollars(worth.final_total),
    }
    return ToolResult(say, data)


def _propose(context: ToolContext, tier: Tier) -> str:
    quote = context.services.memberships.quote(context.principal.id, tier=tier, key=context.call_id)
    return (
        f"{tier.label} membership: {quote.plan.price} a month with your {quote.card}, from today. "
        f"The first month is charged now, the next on {_day(context, quote.next_billing_at)}."
    )


@tool(Effect.MONEY, scope="own:write", label="Preparing your membership", propose=_propose)
def subscribe_membership(
    context: ToolContext, tier: Annotated[Tier, slot("choice", ask=WHICH_TIER)]
) -> ToolResult:
    """Make the customer a member of a tier; the first month is charged to their card on file.

    Call it as soon as the customer has named the tier. It is carried out only after their yes.
    """
    membership = context.services.memberships.subscribe(context.principal.id, tier=tier, key=context.call_id)
    say = (
        f"Welcome! You are a {tier.label} member now, with {membership.percent}% off all products. "
        f"{membership.price} was charged to your card for the first month; "
        f"the next payment is due on {_day(context, membership.next_billing_at)}."
    )
    return ToolResult(say, {"membership": _data(membership)})


def _plan(plan: Plan) -> str:
    return f"{plan.tier.label} — {plan.price} a month: {listed(plan.benefits)}"


def _plan_data(plan: Plan) -> dict[str, Any]:
    return {
        "tier": plan.tier,
        "monthly_price": dollars(plan.price),
        "discount_percent": plan.percent,
        "benefits": list(plan.benefits),
    }


def _data(membership: Membership) -> dict[str, Any]:
    return {
        "membership_id": membership.id,
        "tier": membership.tier,
        "status": membership.status,
        "monthly_price": dollars(membership.price),
        "discount_percent": membership.percent,
        "started_at": membership.started_at.isoformat(),
        "next_billing_at": membership.next_billing_at.isoformat(),
    }


def _day(context: ToolContext, at: datetime) -> str:
    return spoken(context.services.calendar.day(at))
