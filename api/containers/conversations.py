"""What of the agent runs without a model: stored turns, pending actions, and the second reading of facts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.fact_extraction import ClaudeFactExtractor
from agent.turns.store import TurnStore
from api.containers.infrastructure import Infrastructure
from api.containers.memory import MemoryServices
from foundation.settings import Settings
from memory.facts.extraction import FactExtraction
from tools.confirmations import Confirmations

if TYPE_CHECKING:
    from agent.models.claude import Claude


@dataclass(frozen=True)
class ConversationServices:
    turns: TurnStore
    confirmations: Confirmations
    fact_extraction: FactExtraction


def build_conversations(infrastructure: Infrastructure, memory: MemoryServices) -> ConversationServices:
    settings, ledger, clock = infrastructure.settings, infrastructure.ledger, infrastructure.clock
    extractor = ClaudeFactExtractor(opening_claude(settings), now=clock)
    return ConversationServices(
        turns=TurnStore(ledger, now=clock, lease=timedelta(seconds=settings.turn.lease_seconds)),
        confirmations=Confirmations(
            ledger, now=clock, expire_after=timedelta(minutes=settings.turn.confirmation_minutes)
        ),
        fact_extraction=FactExtraction(ledger, memory.facts.learning, extractor),
    )


def opening_claude(settings: Settings) -> "Callable[[], Claude]":
    def opened() -> "Claude":
        from agent.models.claude import Claude  # noqa: PLC0415 - its SDK takes 40 MB and a second to load

        return Claude(settings.models)

    return opened
