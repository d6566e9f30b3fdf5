"""Tools for the customer's own account: its details, masked, and consent to news."""

from typing import Annotated

from commerce.customers.contact import NEWS, Address, Channel
from commerce.customers.models import Customer, masked_email, masked_phone
from tools.base import Effect, ToolContext, slot, tool
from tools.phrases import listed, long_date
from tools.results import ToolResult

WORDING = "chat-2026-11"
"""Version of the consent wording in the descriptions of `start_news` and `stop_news`."""
HOW = "By e-mail, by text or by phone?"
WAYS = {Channel.EMAIL: "e-mail", Channel.TEXT: "text", Channel.PHONE: "phone"}


@tool(Effect.READ, scope="own:read", label="Opening your account")
def my_details(context: ToolContext) -> ToolResult:
    """The customer's account: name, e-mail and phone (masked), what is verified, state, address, news."""
    services, customer_id = context.services, context.principal.id
    customer = services.customers.find(customer_id)
    address = services.addresses.default(customer_id)
    news = [way for way in Channel if services.consents.allows(customer_id, NEWS[way])]
    since = long_date(services.calendar.day(customer.created_at))
    lines = [
        f"- {customer.name}, with us since {since}.",
        f"- E-mail: {masked_email(customer.email)}{_verified(customer.email_verified_at is not None)}.",
        f"- Phone: {_phone(customer)}.",
        f"- Orders go to: {_place(address)}.",
        f"- Offers and news: {'by ' + listed([WAYS[way] for way in news]) if news else 'none'}.",
        "You can change these in the form of your account; addresses and numbers are not for the chat.",
    ]
    data = {
        "name": customer.name,
        "email": masked_email(customer.email),
        "email_verified": customer.email_verified_at is not None,
        "phone": customer.phone and masked_phone(customer.phone),
        "phone_verified": customer.phone_verified_at is not None,
        "state": customer.state,
        "city": address and address.city,
        "news_by": list(news),
    }
    return ToolResult("\n".join(["Your account:", *lines]), data)


@tool(Effect.NOTE, scope="own:write", label="Updating your news settings")
def start_news(
    context: ToolContext,
    channel: Annotated[
        Channel, slot("choice", ask=HOW, description="The way to be reached, as they named it")
    ],
) -> ToolResult:
    """Send the customer offers and news from now on; they can stop them at any time."""
    consents, customer_id = context.services.consents, context.principal.id
    if channel is not Channel.EMAIL and context.services.customers.find(customer_id).phone is None:
        return ToolResult("There is no phone number on your account yet, so I can send news by e-mail only.")
    consents.news(customer_id, channel, wanted=True, wording=WORDING, source="chat")
    say = f"You will get our offers and news by {WAYS[channel]}. Tell me to stop them whenever you like."
    return ToolResult(say, {"channel": channel, "wanted": True})


@tool(Effect.NOTE, scope="own:write", label="Updating your news settings")
def stop_news(context: ToolContext) -> ToolResult:
    """Send the customer no more offers and news, by e-mail, text or phone; receipts still come."""
    for channel in Channel:
        context.services.consents.news(
            context.principal.id, channel, wanted=False, wording=WORDING, source="chat"
        )
    say = (
        "You will get no more offers and news from us, whether by e-mail, text or phone. "
        "Receipts and what the law asks us to tell you still come."
    )
    return ToolResult(say, {"wanted": False})


def _verified(is_verified: bool) -> str:  # noqa: FBT001 - the one thing it is about
    return " (verified)" if is_verified else " (not verified yet)"


def _phone(customer: Customer) -> str:
    if customer.phone is None:
        return "none"
    return f"{masked_phone(customer.phone)}{_verified(customer.phone_verified_at is not None)}"


def _place(address: Address | None) -> str:
    return f"{address.city}, {address.state}" if address else "no address yet"
