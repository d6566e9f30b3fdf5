"""The kinds of customers: how often they come, how they leave, what they like."""

from collections.abc import Mapping
from dataclasses import dataclass

EFFECTS = ("calm", "sleep", "focus", "energy", "relief", "social")
FLAVOURS = ("citrus", "pine", "berry", "earthy", "mint", "floral", "sweet", "spicy")
TASTES = EFFECTS + FLAVOURS


@dataclass(frozen=True)
class Segment:
    """A visit rate from Gamma(r, alpha days), a chance to leave after each repeat visit from Beta(a, b).

    repeat_alpha and repeat_beta shape the share of lines that repeat an earlier one; price_weight is the
    utility lost for each $10; likes lifts tastes in the Dirichlet around the segment.
    """

    name: str
    share: float
    r: float
    alpha: float
    a: float
    b: float
    repeat_alpha: float
    repeat_beta: float
    price_weight: float
    likes: Mapping[str, float]


SEGMENTS = (
    Segment("new", 0.25, 0.6, 60, 1.2, 2.5, 2, 6, 0.20, {"sweet": 2, "social": 2}),
    Segment("deal-seeker", 0.20, 0.8, 50, 0.9, 3.2, 3, 5, 0.60, {"citrus": 2, "energy": 2}),
    Segment("regular", 0.25, 1.8, 45, 0.5, 6.0, 6, 4, 0.20, {"calm": 3, "berry": 2}),
    Segment("connoisseur", 0.12, 1.4, 45, 0.6, 5.0, 3, 7, 0.05, {"earthy": 3, "pine": 3, "focus": 2}),
    Segment(
        "wellness", 0.18, 1.2, 40, 0.6, 4.5, 7, 3, 0.15, {"sleep": 4, "relief": 4, "mint": 2, "floral": 2}
    ),
)
