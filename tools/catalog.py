"""All tools, and the one way to call them: authorise, validate, propose or carry out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from foundation.auth import Principal
from foundation.errors import Forbidden, ShopError
from foundation.sql import Ledger
from tools.account import my_details, start_news, stop_news
from tools.age import age_status, open_age_form
from tools.base import Effect, Services, Tool, ToolContext, unknown_tool
from tools.checkout import add_to_cart, checkout, my_orders, order_status, remove_from_cart, show_cart
from tools.confirmations import Confirmations, PendingAction, TermsChanged
from tools.effects import Effects
from tools.handoff import hand_over_to_person
from tools.inventory import product_details, search_products
from tools.knowledge import look_up
from tools.memberships import (
    cancel_membership,
    downgrade_membership,
    keep_membership,
    list_membership_tiers,
    membership_discount,
    membership_status,
    my_benefits,
    reactivate_membership,
    subscribe_membership,
    upgrade_membership,
)
from tools.preferences import remember_preference, what_we_know
from tools.raffles import (
    buy_raffle_tickets,
    list_raffles,
    my_raffle_tickets,
    raffle_proof,
    raffle_results,
)
from tools.recall import recall_conversation
from tools.results import PendingConfirmation, ToolResult

TOOLS: tuple[Tool, ...] = (
    search_products,
    product_details,
    add_to_cart,
    show_cart,
    remove_from_cart,
    checkout,
    order_status,
    my_orders,
    list_membership_tiers,
    membership_status,
    membership_discount,
    subscribe_membership,
    upgrade_membership,
    downgrade_membership,
    keep_membership,
    cancel_membership,
    reactivate_membership,
    my_benefits,
    age_status,
    open_age_form,
    list_raffles,
    my_raffle_tickets,
    raffle_results,
    raffle_proof,
    buy_raffle_tickets,
    look_up,
    recall_conversation,
    remember_preference,
    what_we_know,
    my_details,
    start_news,
    stop_news,
    hand_over_to_person,
)

Guard = Callable[[Connection], None]
"""Called first in the transaction of an effect; raises when the turn's lease is lost."""


class NotAllowed(Forbidden):
    form = "sign_in"

    def __init__(self) -> None:
        super().__init__("Please sign in first; then I can do that for you.")


@dataclass(frozen=True)
class Call:
    """A call that a model asks for; `id` is unique for all time."""

    id: str
    tool: str
    arguments: Any


class Catalog:
    def __init__(
        self,
        ledger: Ledger,
        services: Services,
        effects: Effects,
        confirmations: Confirmations,
        tools: Sequence[Tool] = TOOLS,
    ) -> None:
        self._ledger = ledger
        self._services = services
        self._effects = effects
        self.confirmations = confirmations
        self._tools = {tool.name: tool for tool in tools}

    def offered(self, principal: Principal) -> tuple[Tool, ...]:
        return tuple(tool for tool in self._tools.values() if tool.scope in principal.scopes)

    def withheld(self, principal: Principal) -> tuple[Tool, ...]:
        return tuple(tool for tool in self._tools.values() if tool.scope not in principal.scopes)

    def find(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def call(
        self, call: Call, *, principal: Principal, thread_id: str, turn_id: str, guard: Guard
    ) -> ToolResult:
        """Run a model's call, or store it as a pending action if it needs a yes; a refusal is a result."""
        tool = self.find(call.tool)
        if tool is None:
            return unknown_tool(call.tool)
        context = ToolContext(principal, thread_id, call.id, self._services)
        try:
            self._authorise(tool, principal)
            arguments = tool.parse(call.arguments)
            if tool.effect is Effect.READ:
                return tool.run(context, arguments)
            with self._ledger.transaction() as tx:
                guard(tx)
                if tool.effect is Effect.NOTE:
                    return self._effects.perform(tool, context, arguments)
                return pending(self.confirmations.propose(tool, context, arguments, turn_id=turn_id))
        except ShopError as refusal:
            return ToolResult.refusal(refusal)

    def carry_out(
        self, action: PendingAction, *, principal: Principal, confirmed_at: datetime, guard: Guard
    ) -> ToolResult:
        """Carry out a confirmed action once, with its stored arguments. A refusal is a result too."""
        tool = self._tools[action.tool]
        context = ToolContext(principal, action.thread_id, action.id, self._services)
        try:
            self._authorise(tool, principal)
            with self._ledger.transaction() as tx:
                guard(tx)
                if not self.confirmations.complete(action.id, confirmed_at=confirmed_at):
                    return self._effects.find(tool, context)
                arguments = tool.parse(action.arguments)
                _check_terms(tool.propose(context, arguments), shown=action.sentence)
                return self._effects.perform(tool, context, arguments)
        except ShopError as refusal:
            return ToolResult.refusal(refusal)

    def _authorise(self, tool: Tool, principal: Principal) -> None:
        if tool.scope not in principal.scopes:
            raise NotAllowed


def _check_terms(terms: str, *, shown: str) -> None:
    """The terms must still be those that were shown: the same price, card and dates."""
    if terms != shown:
        raise TermsChanged(terms)


def pending(action: PendingAction) -> ToolResult:
    """The result of a proposal: the question to the customer."""
    confirmation = PendingConfirmation(action.id, action.expires_at)
    return ToolResult(f"{action.sentence} Shall I go ahead?", confirmation=confirmation)
