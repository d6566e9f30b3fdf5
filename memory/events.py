"""Publish what memory learns of each customer, with the words sealed under the customer's own key."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from foundation.clock import Clock
from foundation.crypto import DataKeys
from foundation.ids import new_id
from foundation.outbox import Outbox
from memory.conversations.events import InteractionRow
from memory.conversations.models import Interaction
from memory.customer_view.service import CustomerView
from memory.profiles.events import CustomerProfileRow
from memory.understanding.models import Understanding

LATER = timedelta(microseconds=1)


class MemoryEvents:
    def __init__(self, outbox: Outbox, data_keys: DataKeys, *, now: Clock) -> None:
        self._outbox = outbox
        self._data_keys = data_keys
        self._now = now

    def learned(self, interaction: Interaction) -> None:
        """Memory's own subscriber reads it too, and understands the interaction."""
        self._publish(self._row(interaction), f"evt_{InteractionRow.topic}_{interaction.id}")

    def understood(
        self, interaction: Interaction, understanding: Understanding, *, engagement: float
    ) -> None:
        """The same row, whole; it takes the place of the first, in whatever order they come."""
        entities = json.dumps(understanding.document()["entities"])
        row = replace(
            self._row(interaction),
            intent=understanding.intent.name,
            sentiment=understanding.sentiment,
            sealed_entities=self._seal(interaction, "sealed_entities", entities),
            engagement_score=engagement,
            updated_at=_utc(max(self._now(), interaction.at + LATER)),
        )
        self._publish(row, f"evt_{InteractionRow.topic}_{interaction.id}_understood")

    def profiled(self, customer_id: str, view: CustomerView) -> None:
        """The profile as it is now, beside those of before."""
        now, profile, bought = self._now(), view.profile, view.behaviour
        context = f"{CustomerProfileRow.topic}.sealed_profile.{customer_id}"
        row = CustomerProfileRow(
            customer_id=customer_id,
            timestamp=_utc(now),
            sealed_profile=self._data_keys.seal(customer_id, profile.to_bytes().decode(), context=context),
            total_purchases=bought.purchases,
            lifetime_value_cents=bought.spent_cents,
            churn_risk=view.forecast.churn_risk if view.forecast else None,
            engagement_score=profile.engagement(now),
            last_interaction_date=profile.last_at and _utc(profile.last_at),
            last_purchase_date=bought.last_at and _utc(bought.last_at),
        )
        self._outbox.publish(row, customer_id=customer_id, event_id=new_id("evt"))

    def _row(self, interaction: Interaction) -> InteractionRow:
        at = _utc(interaction.at)
        return InteractionRow(
            interaction_id=interaction.id,
            customer_id=interaction.customer_id,
            session_id=interaction.thread_id,
            channel=interaction.channel,
            timestamp=at,
            sealed_message=self._seal(interaction, "sealed_message", interaction.message),
            sealed_response=self._seal(interaction, "sealed_response", interaction.response),
            updated_at=at,
        )

    def _publish(self, row: InteractionRow, event_id: str) -> None:
        self._outbox.publish(row, customer_id=row.customer_id, event_id=event_id)

    def _seal(self, interaction: Interaction, field: str, words: str) -> str:
        context = f"{InteractionRow.topic}.{field}.{interaction.id}"
        return self._data_keys.seal(interaction.customer_id, words, context=context)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
