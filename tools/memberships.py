"""Tools for memberships."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from commerce.memberships.models import PLANS, Benefit, Grant, Membership, MembershipStatus, Plan, Tier
from foundation.money import Money
from tools.base import Effect, ToolContext, slot, tool
from tools.phrases import Dollars, counted, dollars, listed, long_date
from tools.results import Card, ToolResult

WHICH_TIER = "Which membership would you like: Bronze, Silver or Gold?"
WHICH_UPGRADE = "Which membership would you like instead: Silver or Gold?"
WHICH_DOWNGRADE = "Which membership would you like instead: Bronze or Silver?"
Reason = Annotated[str, Field(max_length=500)]
BROUGHT = {
    Benefit.RAFFLE_ENTRY: "a raffle entry",
    Benefit.GIFT_BOX: "a gift box",
    Benefit.GIFT: "a gift with your purchase",
}
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
    return ToolResult(_status_text(context, membership), {"membership": _data(membership)})


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
    if context.services.memberships.status(context.principal.id) is not None:
        return _upgrade_terms(context, tier)
    return _joining_terms(context, tier)


def _joining_terms(context: ToolContext, tier: Tier) -> str:
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
    return _join_or_upgrade(context, tier)


def _join_or_upgrade(context: ToolContext, tier: Tier) -> ToolResult:
    """However the customer asks for it: without a membership they join, with one they upgrade."""
    if context.services.memberships.status(context.principal.id) is not None:
        return _upgrade(context, tier)
    membership = context.services.memberships.subscribe(context.principal.id, tier=tier, key=context.call_id)
    say = (
        f"Welcome! You are a {tier.label} member now, with {membership.percent}% off all products. "
        f"{membership.price} was charged to your card for the first month; "
        f"the next payment is due on {_day(context, membership.period_end)}."
    )
    return ToolResult(say, {"membership": _data(membership)})


def _upgrade_terms(context: ToolContext, tier: Tier) -> str:
    quote = context.services.memberships.tiers.quote_upgrade(
        context.principal.id, tier=tier, key=context.call_id
    )
    return (
        f"Upgrade from {quote.membership.tier.label} to {tier.label}: "
        f"{quote.due_now} now with your {quote.card}, "
        f"for the {counted(quote.days_left, 'day')} left of this month. "
        f"From {_day(context, quote.membership.period_end)} it is {quote.plan.price} a month."
    )


@tool(Effect.MONEY, scope="own:write", label="Preparing your upgrade", propose=_propose)
def upgrade_membership(
    context: ToolContext, tier: Annotated[Tier, slot("choice", ask=WHICH_UPGRADE)]
) -> ToolResult:
    """Change the customer's membership to a better tier at once; the rest of the month is paid up.

    It is carried out only after their yes.
    """
    return _join_or_upgrade(context, tier)


def _upgrade(context: ToolContext, tier: Tier) -> ToolResult:
    membership = context.services.memberships.tiers.upgrade(
        context.principal.id, tier=tier, key=context.call_id
    )
    say = (
        f"Done: you are a {tier.label} member now, with {membership.percent}% off all products. "
        f"The next payment, {membership.price}, is due on {_day(context, membership.period_end)}."
    )
    return ToolResult(say, {"membership": _data(membership)})


def _propose_downgrade(context: ToolContext, tier: Tier) -> str:
    current = context.services.memberships.tiers.quote_downgrade(context.principal.id, tier=tier)
    plan = PLANS[tier]
    return (
        f"Change from {current.tier.label} to {tier.label} on {_day(context, current.period_end)}: "
        f"{plan.price} a month and {plan.percent}% off from then on. Until then everything stays as it is."
    )


@tool(Effect.WRITE, scope="own:write", label="Preparing the change", propose=_propose_downgrade)
def downgrade_membership(
    context: ToolContext, tier: Annotated[Tier, slot("choice", ask=WHICH_DOWNGRADE)]
) -> ToolResult:
    """Change the customer's membership to a smaller, cheaper tier at the end of the month they have paid for.

    For members only. It is carried out only after their yes.
    """
    membership = context.services.memberships.tiers.downgrade(
        context.principal.id, tier=tier, key=context.call_id
    )
    say = (
        f"Done: on {_day(context, membership.period_end)} your membership changes to {tier.label}, "
        f"{membership.next_price} a month. Until then you keep {membership.tier.label}."
    )
    return ToolResult(say, {"membership": _data(membership)})


def _propose_cancel(context: ToolContext, reason: Reason = "") -> str:  # noqa: ARG001 - it changes nothing
    membership = context.services.memberships.cancellable(context.principal.id)
    if membership.status is not MembershipStatus.ACTIVE:
        return f"Cancel your {membership.tier.label} membership today. Nothing will be charged."
    return (
        f"Cancel your {membership.tier.label} membership: nothing more is charged, "
        f"and you keep its benefits until {_day(context, membership.period_end)}."
    )


@tool(Effect.WRITE, scope="own:write", label="Preparing your cancellation", propose=_propose_cancel)
def cancel_membership(
    context: ToolContext,
    reason: Annotated[Reason, slot("reason", ask="", description="Why they leave, in their words")] = "",
) -> ToolResult:
    """End the customer's membership; its benefits stay until the month they have paid for is over.

    Never argue, and leave the reason empty when they give none.
    It is carried out only after their yes.
    """
    membership = context.services.memberships.cancel(context.principal.id, reason=reason, key=context.call_id)
    until = _day(context, membership.ended_at or membership.period_end)
    say = f"Your {membership.tier.label} membership is cancelled and nothing more is charged. " + (
        f"It ended on {until}."
        if membership.ended_at
        else f"Its benefits stay until {until}; until then you can take it back at no charge."
    )
    return ToolResult(say, {"membership": _data(membership)})


def _propose_reactivation(context: ToolContext) -> str:
    quote = context.services.memberships.quote_reactivation(context.principal.id, key=context.call_id)
    next_on = _day(context, quote.next_billing_at)
    if quote.due_now.cents == 0:
        return (
            f"Reactivate your {quote.plan.tier.label} membership: nothing is charged today, "
            f"the next {quote.plan.price} on {next_on} with your {quote.card}."
        )
    return (
        f"Reactivate your {quote.plan.tier.label} membership: {quote.due_now} now with your {quote.card}, "
        f"the next payment on {next_on}."
    )


@tool(Effect.MONEY, scope="own:write", label="Preparing your return", propose=_propose_reactivation)
def reactivate_membership(context: ToolContext) -> ToolResult:
    """Take back a cancellation, pay a membership whose payment failed, or join again after it has ended.

    It is carried out only after their yes.
    """
    membership = context.services.memberships.reactivate(context.principal.id, key=context.call_id)
    say = (
        f"Welcome back! Your {membership.tier.label} membership is active, with {membership.percent}% off. "
        f"The next payment, {membership.next_price}, is due on {_day(context, membership.period_end)}."
    )
    return ToolResult(say, {"membership": _data(membership)})


def _propose_keeping(context: ToolContext) -> str:
    membership = context.services.memberships.tiers.planned_downgrade(context.principal.id)
    return (
        f"Keep {membership.tier.label}: the change to {membership.next_tier.label} "
        f"on {_day(context, membership.period_end)} is taken back, and it stays {membership.price} a month."
    )


@tool(Effect.WRITE, scope="own:write", label="Keeping your membership", propose=_propose_keeping)
def keep_membership(context: ToolContext) -> ToolResult:
    """Take back a downgrade that is planned, so that the membership stays as it is.

    It is carried out only after their yes.
    """
    membership = context.services.memberships.tiers.keep(context.principal.id, key=context.call_id)
    say = f"Good, nothing changes: you stay a {membership.tier.label} member for {membership.price} a month."
    return ToolResult(say, {"membership": _data(membership)})


@tool(Effect.READ, scope="own:read", label="Looking up your benefits")
def my_benefits(context: ToolContext) -> ToolResult:
    """What the customer's own membership gives them now, and what it has already brought."""
    memberships, who = context.services.memberships, context.principal.id
    entitled, granted = memberships.entitlements(who), memberships.granted(who)
    data = {
        "tier": entitled.tier,
        "percent": entitled.percent,
        "early_access": entitled.early_access,
        "gift_due": entitled.gift_due,
        "brought": [{"benefit": each.kind, "at": each.at.isoformat()} for each in granted],
    }
    if entitled.tier is None:
        return ToolResult("You have no active membership at the moment, so there are no benefits.", data)
    say = f"Your {entitled.tier.label} membership gives you {listed(PLANS[entitled.tier].benefits)}."
    if entitled.gift_due:
        say += " This month's gift comes with your next purchase."
    if granted:
        say += f" It has already brought you {listed(_brought(context, granted[:3]))}."
    return ToolResult(say, data)


def _brought(context: ToolContext, granted: Sequence[Grant]) -> list[str]:
    return [f"{BROUGHT[each.kind]} on {_day(context, each.at)}" for each in granted]


def _status_text(context: ToolContext, membership: Membership) -> str:
    """The membership's status and its next payment."""
    until, name = _day(context, membership.period_end), membership.tier.label
    match membership.status:
        case MembershipStatus.CANCELLED:
            return (
                f"Your {name} membership is cancelled; its {membership.percent}% off stays until {until}. "
                "Until then you can take it back at no charge."
            )
        case MembershipStatus.PAYMENT_FAILED:
            return (
                f"The last payment for your {name} membership, {membership.next_price}, did not go through. "
                f"You keep {membership.percent}% off while we try again; you can also pay it now."
            )
        case MembershipStatus.SUSPENDED:
            return (
                f"Your {name} membership is suspended, because {membership.next_price} could not be charged. "
                "Once that is paid it is active again."
            )
    planned = f" From then on it is {membership.next_tier.label}." if membership.planned_tier else ""
    return (
        f"You have been a {name} member since {_day(context, membership.started_at)}: "
        f"{membership.percent}% off all products for {membership.price} a month. "
        f"The next payment is due on {until}.{planned}"
    )


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
        "period_end": membership.period_end.isoformat(),
        "next_billing_at": _iso(membership.next_billing_at),
        "planned_tier": membership.planned_tier,
    }


def _day(context: ToolContext, at: datetime) -> str:
    return long_date(context.services.calendar.day(at))


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
