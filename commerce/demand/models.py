"""What a product sold, what is left of it, and how many of it to order."""

from dataclasses import dataclass
from datetime import date, datetime
from math import ceil

import numpy as np
from numpy.typing import NDArray

WEEK = 7


@dataclass(frozen=True)
class Sales:
    """What one product sold on each day since it was first sold."""

    product_id: str
    since: date
    a_day: tuple[float, ...]

    def weeks(self) -> NDArray[np.float64]:
        """Sums of whole weeks up to the last day, the oldest first; what is less than a week is left out."""
        whole = len(self.a_day) // WEEK
        days = np.array(self.a_day[len(self.a_day) - whole * WEEK :], dtype=np.float64)
        return np.asarray(days.reshape(whole, WEEK).sum(axis=1))


@dataclass(frozen=True)
class Stocked:
    """Stock on hand that is not reserved."""

    product_id: str
    name: str
    on_hand: int


@dataclass(frozen=True)
class Outlook:
    """What is to be expected of a product in the time until an order arrives."""

    expected: float
    upper: float
    """What sales stay under at the service level."""
    method: str
    """The method that weighs most in it."""


@dataclass(frozen=True)
class Suggestion:
    product_id: str
    name: str
    on_hand: int
    lead_days: int
    service_level: float
    expected: float | None
    """Sales until an order arrives; None when too little is known."""
    reorder_point: int | None
    to_order: int
    why: str
    computed_at: datetime


@dataclass(frozen=True)
class ReorderPolicy:
    """How long an order takes, and in what share of such times nothing may run out."""

    lead_days: int
    service_level: float

    @property
    def lead_weeks(self) -> int:
        return ceil(self.lead_days / WEEK)


def suggestion(
    stocked: Stocked, outlook: Outlook | None, policy: ReorderPolicy, *, known_weeks: int, at: datetime
) -> Suggestion:
    """Order when what is on hand may not last until an order arrives: up to the same again on top of that."""
    point = None if outlook is None else ceil(outlook.upper)
    to_order = 0
    if outlook is not None and point is not None and stocked.on_hand <= point and outlook.expected > 0:
        to_order = ceil(point + outlook.expected) - stocked.on_hand
    return Suggestion(
        product_id=stocked.product_id,
        name=stocked.name,
        on_hand=stocked.on_hand,
        lead_days=policy.lead_weeks * WEEK,
        service_level=policy.service_level,
        expected=None if outlook is None else round(outlook.expected, 2),
        reorder_point=point,
        to_order=to_order,
        why=_why(stocked, outlook, policy, known_weeks=known_weeks),
        computed_at=at,
    )


def _why(stocked: Stocked, outlook: Outlook | None, policy: ReorderPolicy, *, known_weeks: int) -> str:
    if outlook is None:
        return f"No data: {known_weeks} whole weeks of sales are known, too few for a forecast."
    days = policy.lead_weeks * WEEK
    return (
        f"About {outlook.expected:.1f} are sold in {days} days (mostly by {outlook.method} of "
        f"{known_weeks} weeks); in {policy.service_level:.0%} of such times {ceil(outlook.upper)} last. "
        f"On hand: {stocked.on_hand}."
    )
