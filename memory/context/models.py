"""What the agent is given to know about a customer before it answers, and how much of it fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from typing import TypeVar
from zoneinfo import ZoneInfo

from memory.conversations.models import Interaction, Speaker
from memory.customer_view.service import CustomerView
from memory.facts.store import Fact
from memory.knowledge.service import Quote
from memory.profiles.models import Profile
from memory.retrieval.products import ProductMatch

TURN_TOKENS = 1_200
"""For all past turns together."""
LONGEST_QUOTE = 320
"""Characters of one person's words in one turn."""

Item = TypeVar("Item")


class Depth(StrEnum):
    BRIEF = "brief"
    """What was said: profile, facts and past turns."""
    FULL = "full"
    """Also age proof and membership, forecast, products and documents that fit."""


@dataclass(frozen=True)
class RecalledTurn:
    interaction: Interaction
    speaker: Speaker
    """Whose words fit the question best."""
    score: float
    why: str


@dataclass(frozen=True)
class MemoryContext:
    customer_id: str
    zone: ZoneInfo
    depth: Depth = Depth.BRIEF
    view: CustomerView = field(default_factory=CustomerView)
    facts: tuple[Fact, ...] = ()
    """Those of the view that fit."""
    recent: tuple[Interaction, ...] = ()
    """The last turns in any thread, the newest first."""
    relevant: tuple[RecalledTurn, ...] = ()
    """Older turns that fit the message, the best first."""
    products: tuple[ProductMatch, ...] = ()
    """That fit the message and are in stock, the best first."""
    quotes: tuple[Quote, ...] = ()
    """Passages of the shop's documents that fit the message, the best first."""
    missing: tuple[str, ...] = ()
    """Parts that could not be read this time."""

    @property
    def profile(self) -> Profile:
        return self.view.profile

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of every fact, turn, product and passage in it."""
        return (
            *(fact.id for fact in self.facts),
            *(turn.id for turn in self.recent),
            *(each.interaction.id for each in self.relevant),
            *(each.product.id for each in self.products),
            *(quote.id for quote in self.quotes),
        )


def fitting(items: Sequence[Item], cost: Callable[[Item], int], *, tokens: int) -> Sequence[Item]:
    """As many as the tokens allow, in the order given."""
    return items[: sum(total <= tokens for total in accumulate(map(cost, items)))]


def tokens_of(turn: Interaction) -> int:
    """About what the turn costs in a prompt."""
    return sum(tokens_in(one_line(turn.words_of(speaker))) for speaker in Speaker) + 20


def tokens_in(text: str) -> int:
    """A token is four characters of English."""
    return len(text) // 4


def one_line(words: str, *, longest: int = LONGEST_QUOTE) -> str:
    """One line, so that quoted words cannot pass for lines of ours."""
    plain = " ".join(words.split()).replace('"', "'")
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"
