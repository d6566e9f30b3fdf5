"""Rows of the ledger as an export shows them: camelCase names, and money as everywhere."""

from collections.abc import Mapping
from typing import Any

from pydantic.alias_generators import to_camel

from api.schemas.money import Money
from foundation import money

CENTS = "_cents"
SEALED = "_sealed"


def on_the_wire(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    """Names in camelCase; `price_cents` and its currency become `price`, what was sealed loses the mark."""
    if isinstance(value, Mapping):
        currency = str(value.get("currency") or "USD")
        return dict(_property(str(name), each, currency) for name, each in value.items())
    if isinstance(value, list | tuple):
        return [on_the_wire(each) for each in value]
    return value


def _property(name: str, value: object, currency: str) -> tuple[str, object]:
    if name.endswith(CENTS) and isinstance(value, int):
        amount = Money.of(money.Money(value, currency))
        return to_camel(name.removesuffix(CENTS)), amount.model_dump(by_alias=True)
    shown = name.removesuffix(CENTS).removesuffix(SEALED)
    return (to_camel(shown) if "_" in shown else shown), on_the_wire(value)
