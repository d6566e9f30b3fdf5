"""What a customer's conversations add up to: a fold, so that it can be made again from the ledger."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from typing import Any, Literal

from memory.interactions import Interaction

Style = Literal["brief", "detailed"]
DETAILED_WORDS = 18
"""Words a message, on average, from which we take a customer to like detail."""

TOPICS: Mapping[str, str] = {
    "sleep": "sleep|asleep|insomnia|bedtime|dormir|sueño",
    "calm": "calm|relax|relaxing|relaxed|stress|stressed|anxious|anxiety|calma|relajar|ansiedad",
    "focus": "focus|concentrate|concentration|enfoque",
    "energy": "energy|energetic|energía|energia",
    "relief": "relief|ache|aches|sore|soreness|pain|dolor|alivio",
    "flower": "flower|flowers|bud|buds|flor",
    "vape": "vape|vapes|vaping|cartridge|cartridges",
    "edible": "edible|edibles|gummy|gummies|chocolate|chocolates|gomitas",
    "tincture": "tincture|tinctures|oil|oils|drops|aceite",
    "topical": "topical|topicals|cream|creams|balm|balms|lotion|crema",
    "membership": "membership|memberships|member|bronze|silver|gold|membresía|membresia",
    "raffle": "raffle|raffles|ticket|tickets|rifa",
    "price": "price|prices|cost|cheap|cheaper|budget|discount|precio|barato|descuento",
    "delivery": "delivery|deliver|shipping|ship|shipped|envío|envio",
    "age check": "age|id|verify|verification|edad",
    "complaint": "complaint|refund|broken|wrong|return|late|reembolso",
}
"""What customers of the shop talk about, and the words that show it."""

TOPIC_WORDS = {word: topic for topic, words in TOPICS.items() for word in words.split("|")}
WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Profile:
    interactions: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    last_channel: str | None = None
    channels: Mapping[str, int] = field(default_factory=dict)
    """Interactions by channel."""
    topics: Mapping[str, int] = field(default_factory=dict)
    """Interactions by what the customer spoke of."""
    words: int = 0
    """Written by the customer in all."""

    @property
    def preferred_channel(self) -> str | None:
        return _commonest(self.channels, 1)[0] if self.channels else None

    @property
    def favourite_topics(self) -> list[str]:
        """The three most spoken of, the commonest first."""
        return _commonest(self.topics, 3)

    @property
    def style(self) -> Style | None:
        if not self.interactions:
            return None
        return "detailed" if self.words >= DETAILED_WORDS * self.interactions else "brief"

    def after(self, interaction: Interaction) -> "Profile":
        """The profile with one more interaction; only what the customer said counts as theirs."""
        words = WORD.findall(interaction.message.casefold())
        at = interaction.at.astimezone(UTC)
        is_latest = self.last_at is None or at >= self.last_at
        return Profile(
            interactions=self.interactions + 1,
            first_at=min(self.first_at or at, at),
            last_at=max(self.last_at or at, at),
            last_channel=interaction.channel if is_latest else self.last_channel,
            channels=_counted(self.channels, [interaction.channel]),
            topics=_counted(self.topics, {TOPIC_WORDS[word] for word in words if word in TOPIC_WORDS}),
            words=self.words + len(words),
        )

    def document(self) -> dict[str, Any]:
        return {
            "interactions": self.interactions,
            "first_at": self.first_at and self.first_at.isoformat(),
            "last_at": self.last_at and self.last_at.isoformat(),
            "last_channel": self.last_channel,
            "channels": dict(self.channels),
            "topics": dict(self.topics),
            "words": self.words,
        }

    def to_bytes(self) -> bytes:
        """The same for the same conversations, whenever and in whatever batches they were learned."""
        return json.dumps(self.document(), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Profile":
        moments = {
            name: datetime.fromisoformat(document[name]) for name in ("first_at", "last_at") if document[name]
        }
        return cls(**{**document, **moments})


def profile_of(interactions: Iterable[Interaction], *, start: Profile | None = None) -> Profile:
    return reduce(Profile.after, interactions, start or Profile())


def _counted(counts: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    return {**counts, **{name: counts.get(name, 0) + 1 for name in names}}


def _commonest(counts: Mapping[str, int], number: int) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))[:number]
