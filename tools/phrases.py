"""Lists, counts, days and amounts as text."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from foundation.money import Money

Dollars = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2)]
"""An amount in dollars, with cents after the point."""
Name = Annotated[str, Field(min_length=1, max_length=200)]
"""A thing's name or id as the customer wrote it."""


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Such as `berry, mint and pine`."""
    return f" {joint} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def counted(count: int, noun: str) -> str:
    """Such as `1 ticket` and `2 tickets`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def long_date(day: date) -> str:
    """Such as `1 March 2026`."""
    return f"{day:%-d %B %Y}"


def dollars(amount: Money) -> str:
    """For a result's data: dollars with two decimals."""
    return f"{amount.dollars:.2f}"
