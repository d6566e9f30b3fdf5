"""A tool: a typed function that the model may call on behalf of the caller."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from commerce.age.service import AgeVerification
from commerce.checkout.carts import Carts
from commerce.checkout.service import Checkout
from commerce.customers.addresses import Addresses
from commerce.customers.consents import Consents
from commerce.customers.service import Customers
from commerce.handoffs.service import Handoffs
from commerce.inventory.service import Inventory
from commerce.memberships.service import Memberships
from commerce.raffles.proofs import DrawProofs
from commerce.raffles.service import Raffles
from foundation.auth import Principal
from foundation.clock import Calendar
from foundation.errors import Invalid
from memory.engine import MemoryEngine
from memory.knowledge.service import Knowledge
from tools.results import ToolResult

EXAMPLES = Path(__file__).parent / "examples"


class Effect(StrEnum):
    READ = "read"
    NOTE = "note"
    """Changes only the customer's own cart or preferences, undone in one step."""
    WRITE = "write"
    """Changes the shop's data; carried out only after the customer confirms it."""
    MONEY = "money"
    """Moves money; confirmed with the exact amount."""

    @property
    def needs_confirmation(self) -> bool:
        return self in (Effect.WRITE, Effect.MONEY)


@dataclass(frozen=True)
class Services:
    """The services that tools may use."""

    customers: Customers
    addresses: Addresses
    consents: Consents
    inventory: Inventory
    carts: Carts
    checkout: Checkout
    memberships: Memberships
    raffles: Raffles
    draw_proofs: DrawProofs
    ages: AgeVerification
    handoffs: Handoffs
    memory: MemoryEngine
    knowledge: Knowledge
    calendar: Calendar


@dataclass(frozen=True)
class ToolContext:
    """Who calls. The customer comes from the session, never from the model's arguments."""

    principal: Principal
    thread_id: str
    call_id: str
    """Unique for all time: the idempotency key of what the call does."""
    services: Services


def slot(
    kind: str, *, ask: str, description: str | None = None, prefix: str = "", unwanted: bool = False
) -> Any:  # noqa: ANN401 - goes into Annotated
    """What an argument holds, for a model that fills it from the conversation by rule.

    kind: `words`, `product`, `raffle`, `money` (dollars), `count`, `choice`, or a word of the tool's own.
    ask: the question to put to the customer when it is missing.
    prefix: of an id that a customer may write, such as `ord` of `ord_7k2m9`.
    unwanted: what the customer has and refuses: "I don't want the grinder" names it, and what it is will do.
    """
    extra: dict[str, Any] = {"x-slot": kind, "x-ask": ask, "x-id": prefix, "x-unwanted": unwanted}
    return Field(description=description, json_schema_extra=extra)


class ToolArguments(BaseModel):
    """The validated arguments of one call; each tool has a model of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class Tool:
    def __init__(
        self,
        function: Callable[..., ToolResult],
        *,
        effect: Effect,
        scope: str,
        label: str,
        propose: Callable[..., str] | None = None,
    ) -> None:
        if effect.needs_confirmation and propose is None:
            raise TypeError(f"{function.__name__} is {effect}: it needs `propose`")
        self._function = function
        self._propose = propose
        self.effect = effect
        self.scope = scope
        self.label = label
        self.name = function.__name__
        self.description = inspect.getdoc(function) or ""
        self.arguments = _arguments(function)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments, with the `x-` keys of their slots."""
        schema: dict[str, Any] = _without_titles(self.arguments.model_json_schema())
        return schema

    @cached_property
    def strict_schema(self) -> dict[str, Any]:
        """The same without the `x-` keys, as the Messages API takes it."""
        schema: dict[str, Any] = _without_slots(self.schema)
        return schema

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Example utterances, from `tools/examples/<name>.txt`."""
        path = EXAMPLES / f"{self.name}.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))

    def parse(self, arguments: object) -> ToolArguments:
        """The arguments, validated; raises Invalid with a sentence for the model."""
        try:
            return self.arguments.model_validate(arguments)
        except ValidationError as error:
            wrong = [
                f"{'.'.join(map(str, each['loc'])) or self.name}: {each['msg']}"
                for each in error.errors()[:5]
            ]
            raise Invalid(f"{self.name} was called wrongly. " + "; ".join(wrong)) from error

    def propose(self, context: ToolContext, arguments: ToolArguments) -> str:
        """The sentence the customer is asked to confirm; raises a refusal when it cannot be done."""
        if self._propose is None:
            raise TypeError(f"{self.name} needs no confirmation")
        return self._propose(context, **dict(arguments))

    def run(self, context: ToolContext, arguments: ToolArguments) -> ToolResult:
        """Call the function; a refusal is raised as ShopError, so that its transaction rolls back."""
        return self._function(context, **dict(arguments))


def tool(
    effect: Effect, *, scope: str, label: str, propose: Callable[..., str] | None = None
) -> Callable[[Callable[..., ToolResult]], Tool]:
    """Declare a tool.

    scope: what the caller's token must allow, else the tool is not offered.
    label: what the customer reads while it runs, such as "Searching our products".
    propose: for WRITE and MONEY, takes the same arguments and gives the sentence to confirm.
    """
    return lambda function: Tool(function, effect=effect, scope=scope, label=label, propose=propose)


def unknown_tool(name: str) -> ToolResult:
    return replace(ToolResult.refusal(Invalid(f"There is no tool called {name[:60]}.")), data=None)


def _arguments(function: Callable[..., object]) -> type[ToolArguments]:
    _, *parameters = inspect.signature(function).parameters.values()
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        p.name: (hints[p.name], ... if p.default is inspect.Parameter.empty else p.default)
        for p in parameters
    }
    return create_model(function.__name__, __base__=ToolArguments, **fields)


def _without_titles(schema: Any) -> Any:  # noqa: ANN401 - any part of a JSON schema
    if isinstance(schema, dict):
        return {k: _without_titles(v) for k, v in schema.items() if not (k == "title" and isinstance(v, str))}
    return [_without_titles(part) for part in schema] if isinstance(schema, list) else schema


def _without_slots(schema: Any) -> Any:  # noqa: ANN401 - any part of a JSON schema
    if isinstance(schema, dict):
        return {k: _without_slots(v) for k, v in schema.items() if not k.startswith("x-")}
    return [_without_slots(part) for part in schema] if isinstance(schema, list) else schema
