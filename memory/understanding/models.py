"""What is understood of a customer's message."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from foundation.text.language import Language

EntityKind = Literal[
    "product", "category", "effect", "flavour", "amount", "date", "order", "membership", "raffle"
]


@dataclass(frozen=True)
class Entity:
    """A thing that is named. value: its id, or the amount in cents, or the day in ISO form."""

    kind: EntityKind
    value: str
    words: str
    """As the customer wrote it."""
    start: int
    end: int
    score: float = 1.0
    """1 where the words are the name itself; less where they are only near it."""


@dataclass(frozen=True)
class Intent:
    """What a message asks for. name: None where it is like nothing the shop does."""

    name: str | None
    confidence: float
    """Of `name`; where that is None, how much the message is like the nearest thing the shop does."""


@dataclass(frozen=True)
class Understanding:
    language: Language | None
    """None where neither language shows."""
    sentiment: float | None
    """From -1 to 1; None where the language is not one whose words we can weigh."""
    intent: Intent
    entities: tuple[Entity, ...] = ()

    def document(self) -> dict[str, Any]:
        """Without the customer's own words, which the interaction keeps."""
        entities = [{"kind": each.kind, "value": each.value, "score": each.score} for each in self.entities]
        return {
            "language": self.language,
            "sentiment": self.sentiment,
            "intent": asdict(self.intent),
            "entities": entities,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Understanding":
        """Its entities without the words, which are in the interaction."""
        entities = tuple(
            Entity(each["kind"], each["value"], words="", start=0, end=0, score=each["score"])
            for each in document["entities"]
        )
        intent = Intent(**document["intent"])
        return cls(document["language"], document["sentiment"], intent, entities)

    @property
    def named(self) -> Mapping[str, frozenset[str]]:
        """What is named, by kind, each once."""
        kinds = {each.kind for each in self.entities}
        return {kind: frozenset(e.value for e in self.entities if e.kind == kind) for kind in sorted(kinds)}
