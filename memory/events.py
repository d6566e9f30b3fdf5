"""What the warehouse is told of each customer, with what was said sealed under the customer's own key."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from foundation.clock import Clock
from foundation.crypto import DataKeys
from foundation.ids import new_id
from foundation.outbox import Outbox
from memory.conversations.models import TOPIC, Interaction
from memory.customer_view.service import Portrait
from memory.understanding.models import Understanding

PROFILES = "customer_profiles"
LATER = timedelta(microseconds=1)


class MemoryEvents:
    def __init__(self, outbox: Outbox, data_keys: DataKeys, *, now: Clock) -> None:
        self._outbox = outbox
        self._data_keys = data_keys
        self._now = now

    def learned(self, interaction: Interaction) -> None:
        """Memory hears of it too, and understands it."""
        row = self._row(interaction) | {"updated_at": _utc(interaction.at)}
        self._tell(interaction, row, f"evt_{TOPIC}_{interaction.id}")

    def understood(self, interaction: Interaction, heard: Understanding, *, engagement: float) -> None:
        """The same row, whole; it takes the place of the first, in whatever order they come."""
        entities = json.dumps(heard.document()["entities"])
        row = self._row(interaction) | {
            "intent": heard.intent.name,
            "sentiment": heard.sentiment,
            "sealed_entities": self._seal(interaction, "sealed_entities", entities),
            "engagement_score": engagement,
            "updated_at": _utc(max(self._now(), interaction.at + LATER)),
        }
        self._tell(interaction, row, f"evt_{TOPIC}_{interaction.id}_understood")

    def profiled(self, customer_id: str, portrait: Portrait) -> None:
        """The profile as it stands now, beside those of before."""
        now, profile, bought = self._now(), portrait.profile, portrait.behaviour
        row = {
            "customer_id": customer_id,
            "timestamp": _utc(now),
            "sealed_profile": self._data_keys.seal(
                customer_id, profile.to_bytes().decode(), context=f"{PROFILES}.sealed_profile.{customer_id}"
            ),
            "total_purchases": bought.purchases,
            "lifetime_value_cents": bought.spent_cents,
            "churn_risk": portrait.outlook and portrait.outlook.churn_risk,
            "engagement_score": profile.engagement(now),
            "last_interaction_date": profile.last_at and _utc(profile.last_at),
            "last_purchase_date": bought.last_at and _utc(bought.last_at),
        }
        self._outbox.append(PROFILES, row, customer_id=customer_id, event_id=new_id("evt"))

    def _row(self, interaction: Interaction) -> dict[str, Any]:
        return {
            "interaction_id": interaction.id,
            "customer_id": interaction.customer_id,
            "session_id": interaction.thread_id,
            "channel": interaction.channel,
            "timestamp": _utc(interaction.at),
            "sealed_message": self._seal(interaction, "sealed_message", interaction.message),
            "sealed_response": self._seal(interaction, "sealed_response", interaction.response),
        }

    def _tell(self, interaction: Interaction, row: dict[str, Any], event_id: str) -> None:
        self._outbox.append(TOPIC, row, customer_id=interaction.customer_id, event_id=event_id)

    def _seal(self, interaction: Interaction, field: str, words: str) -> str:
        place = f"{TOPIC}.{field}.{interaction.id}"
        return self._data_keys.seal(interaction.customer_id, words, context=place)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
