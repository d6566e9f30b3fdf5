"""Money on the wire: `{"amount": "12.00", "currency": "USD"}`, and a plain decimal in a query string."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from api.schemas.base import Matching, Schema
from foundation import money

AMOUNT_PATTERN = r"^-?[0-9]{1,12}\.[0-9]{2}$"
QUERY_PATTERN = r"^[0-9]{1,7}(\.[0-9]{1,2})?$"
LIMIT_CENTS = 9_999_999_99
"""The largest amount that a request may name."""


class Money(Schema):
    """An amount of money, exact to the cent."""

    model_config = ConfigDict(json_schema_extra={"example": {"amount": "12.00", "currency": "USD"}})

    amount: Annotated[str, Matching(AMOUNT_PATTERN, "a decimal with two decimal places, such as 12.00")]
    """Decimal text with exactly two digits after the point."""
    currency: Literal["USD"]
    """ISO 4217 code of the currency."""

    @classmethod
    def of(cls, amount: money.Money) -> "Money":
        return cls.model_validate({"amount": f"{amount.dollars:.2f}", "currency": amount.currency})

    def exact(self) -> money.Money:
        return money.Money.from_dollars(self.amount, self.currency)


class AsMoney:
    """Marks a field that holds the domain's money and is `Money` on the wire."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        wire = handler.generate_schema(Money)
        parsed = core_schema.no_info_after_validator_function(Money.exact, wire)
        return core_schema.no_info_wrap_validator_function(
            _unless_exact,
            parsed,
            serialization=core_schema.plain_serializer_function_ser_schema(Money.of, return_schema=wire),
        )


def _unless_exact(given: object, parse: core_schema.ValidatorFunctionWrapHandler) -> money.Money:
    exact: money.Money = given if isinstance(given, money.Money) else parse(given)
    return exact


def _payable(amount: money.Money) -> money.Money:
    if not 0 <= amount.cents <= LIMIT_CENTS:
        raise ValueError(f"expected an amount from 0.00 to {money.Money(LIMIT_CENTS).dollars}")
    return amount


Amount = Annotated[money.Money, AsMoney()]
PayableAmount = Annotated[money.Money, AsMoney(), AfterValidator(_payable)]
"""An amount in a request: zero or more."""
QueryAmount = Annotated[
    str,
    Matching(QUERY_PATTERN, "dollars with at most two decimals, such as 47.00"),
    Field(examples=["47.00"]),
]
"""Dollars in a query string, where no object can be sent; always in USD."""


def of_query(text: str | None) -> money.Money | None:
    return None if text is None else money.Money.from_dollars(Decimal(text))
