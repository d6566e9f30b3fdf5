"""What an index of past turns offers: everything in it is reached through one customer, never across them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from memory.conversations.models import Interaction, Speaker
from memory.embeddings import Vectors

CLOSE = 0.3
"""Cosine from which two texts are about the same; a lesser one counts only with a word in common."""


@dataclass(frozen=True)
class Match:
    """A past turn that fits a question, and what speaks for it."""

    interaction: Interaction
    speaker: Speaker
    """Whose words fit best."""
    score: float
    meaning: float
    """Cosine between the question and those words."""
    shared: tuple[str, ...]
    """Words of the question that occur in them."""


class Turns(Protocol):
    """The past of one customer, as it was when it was opened."""

    def recent(self, limit: int) -> list[Interaction]:
        """The last ones, the newest first."""

    def search(self, question: str, vector: Vectors, *, limit: int) -> Sequence[Match]:
        """The best fits first; `vector` is the question's, of shape (384,)."""


class TurnIndex(Protocol):
    def open(self, customer_id: str) -> Turns:
        """With every turn that is committed by now, whichever process learned it."""

    def erase(self, customer_id: str) -> None:
        """Keep nothing of the customer."""

    def left(self, customer_id: str) -> int:
        """How many things of the customer it still keeps beside the ledger."""


def fingerprint(text: str) -> str:
    """Names it where case, signs and length matter: two texts never share one."""
    return hashlib.sha256(text.encode()).hexdigest()[:40]
