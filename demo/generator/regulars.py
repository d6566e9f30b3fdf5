"""Five customers that every demo shop has, each with something a demonstration needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from demo.generator.catalogue import Item


@dataclass(frozen=True)
class Regular:
    """card: the sandbox's test card; None for none on file."""

    id: str
    name: str
    email: str
    is_verified: bool
    card: str | None
    tier: str | None = None
    phone: str | None = None


OTHERS = (
    Regular("cus_minor", "Milo Young", "milo@example.com", is_verified=False, card="tok_approve"),
    Regular("cus_nocard", "Noor Calder", "noor@example.com", is_verified=True, card=None),
    Regular("cus_gold", "Greta Gold", "greta@example.com", is_verified=True, card="tok_approve", tier="GOLD"),
    Regular("cus_declined", "Delia Decker", "delia@example.com", is_verified=True, card="tok_decline"),
)
DANA = Regular(
    "cus_demo",
    "Dana Demo",
    "dana@example.com",
    is_verified=True,
    card="tok_approve",
    phone="+1 512 555 0142",
)

KNOWN_FOR_DAYS = 240
MEMBER_FOR_DAYS = 12
BORN = date(1988, 4, 12)
PURCHASED_DAYS_AGO = (212, 171, 140, 118, 83, 55, 27, 9)
TALKED_DAYS_AGO = (56, 8)
FAVOURITES: Mapping[str, tuple[str, str]] = {
    "gummies": ("edible", "sleep"),
    "tea": ("edible", "calm"),
    "tincture": ("tincture", "sleep"),
    "balm": ("topical", "relief"),
}
BASKETS = (
    ("tea",),
    ("gummies",),
    ("gummies", "tea"),
    ("balm",),
    ("gummies",),
    ("tincture",),
    ("gummies", "balm"),
    ("gummies",),
)
TALKS = (
    (
        (
            "I don't sleep well the night before a flight. What would you suggest that isn't too sweet?",
            "{tincture} is a quiet one for the evening, and {gummies} if you would rather have an edible.",
        ),
        (
            "I'll try the tincture. And please remember that peppermint gives me a headache.",
            "I will remember that, and leave peppermint out when I suggest something.",
        ),
    ),
    (
        (
            "The {gummies} are still my favorite. My sister Mia wants some for her birthday in June.",
            "That is lovely to hear. I will remember Mia and June.",
        ),
        (
            "How much would a gold membership save me if I spend about $80 a month?",
            "Gold takes 30% off, so $24.00 on $80.00, and it costs $197.00 a month.",
        ),
    ),
)
FACTS = (
    ("peppermint", "peppermint gives me a headache", 1),
    ("sister", "my sister Mia has her birthday in June", 2),
)
"""What it is about, Dana's words, and the turn of all of hers in which she said it."""


def favourites(items: Sequence[Item]) -> dict[str, Item]:
    """What Dana buys: in stock, the cheapest of its kind with that leading effect and no mint."""
    return {
        word: min(
            (item for item in items if _fits(item, category, effect, word)),
            key=lambda item: (item.price_cents, item.id),
        )
        for word, (category, effect) in FAVOURITES.items()
    }


def _fits(item: Item, category: str, effect: str, word: str) -> bool:
    leads = item.category == category and item.effects[0] == effect
    return leads and word in item.name.lower() and item.stock > 0 and "mint" not in item.flavours
