"""Find the past turns of a customer that fit a question, and say why each was chosen."""

from memory.context.models import RecalledTurn
from memory.conversations.models import Speaker
from memory.embeddings import Encoder
from memory.retrieval.index.base import CLOSE, Match, TurnIndex, Turns

LONGEST_QUESTION = 2_000
EMBEDDED_CHARACTERS = {Speaker.CUSTOMER: 400, Speaker.SHOP: 100}
"""The beginning of a message shows its subject; word search covers the rest."""


class TurnRecall:
    def __init__(self, index: TurnIndex, embedder: Encoder) -> None:
        self.index = index
        self.embedder = embedder

    def search(self, turns: Turns, question: str, *, limit: int) -> list[RecalledTurn]:
        """The best first."""
        asked = question[:LONGEST_QUESTION]
        vector = self.embedder.encode([asked[: EMBEDDED_CHARACTERS[Speaker.CUSTOMER]]])[0]
        return [_recalled(match) for match in turns.search(asked, vector, limit=limit)]


def _recalled(match: Match) -> RecalledTurn:
    if match.shared:
        why = f"mentions {', '.join(match.shared)}"
    elif match.meaning >= CLOSE:
        why = "close in meaning"
    else:
        why = "next to a turn that fits"
    return RecalledTurn(match.interaction, match.speaker, match.score, why)
