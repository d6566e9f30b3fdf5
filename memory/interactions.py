"""What was said in a turn, word for word: the customer's part and ours, never mixed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from foundation.crypto import DataKeys
from foundation.outbox import Outbox

TOPIC = "interactions"


class Speaker(StrEnum):
    CUSTOMER = "Customer"
    SHOP = "Shop"


@dataclass(frozen=True)
class Interaction:
    id: str
    """The id of the turn."""
    customer_id: str
    thread_id: str
    channel: str
    at: datetime
    message: str
    """The customer's words."""
    response: str
    """Ours; remembered as ours, and never taken for something the customer told us."""
    intent: str | None = None

    def words_of(self, speaker: Speaker) -> str:
        return self.message if speaker is Speaker.CUSTOMER else self.response

    def spoken(self, speaker: Speaker) -> str:
        """The words with who said them: without the speaker, their meaning is found far less often."""
        return f"{speaker}: {self.words_of(speaker)}"

    def utterance(self, speaker: Speaker, zone: ZoneInfo) -> str:
        """The words with who said them and when, to find them by any of these."""
        return f"{speaker} ({day(self.at, zone)}): {self.words_of(speaker)}"


def day(moment: datetime, zone: ZoneInfo) -> str:
    """Such as `3 May 2026`, as the shop's calendar has it."""
    return f"{moment.astimezone(zone):%-d %B %Y}"


class InteractionEvents:
    """Tells the warehouse of each interaction, with what was said sealed under the customer's own key."""

    def __init__(self, outbox: Outbox, data_keys: DataKeys) -> None:
        self._outbox = outbox
        self._data_keys = data_keys

    def announce(self, interaction: Interaction) -> None:
        row = {
            "interaction_id": interaction.id,
            "customer_id": interaction.customer_id,
            "session_id": interaction.thread_id,
            "channel": interaction.channel,
            "timestamp": interaction.at.astimezone(UTC).isoformat(),
            "sealed_message": self._seal(interaction, "sealed_message", interaction.message),
            "sealed_response": self._seal(interaction, "sealed_response", interaction.response),
            "intent": interaction.intent,
        }
        self._outbox.append(
            TOPIC, row, customer_id=interaction.customer_id, event_id=f"evt_{TOPIC}_{interaction.id}"
        )

    def _seal(self, interaction: Interaction, field: str, words: str) -> str:
        place = f"{TOPIC}.{field}.{interaction.id}"
        return self._data_keys.seal(interaction.customer_id, words, context=place)
