"""What a customer's conversations add up to: a fold, so that it can be made again from the ledger."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any, Literal

from foundation.text.normalise import plain, singular
from memory.conversations.models import Interaction
from memory.ports import NO_TERMS
from memory.understanding.models import Understanding

Style = Literal["brief", "detailed"]
DETAILED_WORDS = 18
"""Words a message, on average, from which we take a customer to like detail."""
KEPT_WEEKS = 26
ENGAGED_WEEKS = 12
"""The last weeks, in which somebody who is engaged talks with us again and again."""
FULL_TALK = 5
"""Turns in a week from which a conversation is as deep as it counts."""
HALF_LIFE = timedelta(days=30)
THOUSANDTHS = 1000

UNDERSTOOD = ("named", "intents", "weighed", "feeling")
"""The parts that come of what was understood of a message, which may be later than the message itself."""
NAMED = ("product", "category", "effect", "flavour")
"""Kinds of things that are counted; of amounts, dates and orders there is no end."""
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
    named: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Interactions by what the customer named in them, by its kind."""
    intents: Mapping[str, int] = field(default_factory=dict)
    """Interactions by what they asked for."""
    weighed: int = 0
    """Interactions of which we know how the customer felt."""
    feeling: int = 0
    """Sentiment in all, in thousandths: whole numbers add up to the same in any order."""
    weeks: Mapping[str, int] = field(default_factory=dict)
    """Interactions by the Monday of their week, the last half year's."""

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

    @property
    def sentiment(self) -> float | None:
        """From -1 to 1, on average; None where no message could be weighed."""
        return self.feeling / (THOUSANDTHS * self.weighed) if self.weighed else None

    def engagement(self, now: datetime) -> float:
        """From 0 to 1: half for how lately, a quarter for how regularly, a quarter for how much we talk.

        The first halves with each month of silence; the others look at the last twelve weeks.
        """
        if self.last_at is None:
            return 0.0
        lately = math.exp2(-(max(now - self.last_at, timedelta(0)) / HALF_LIFE))
        since = _monday(now - ENGAGED_WEEKS * timedelta(weeks=1))
        talks = [count for week, count in self.weeks.items() if week > since]
        regularly = min(1.0, len(talks) / ENGAGED_WEEKS)
        much = min(1.0, sum(talks) / (FULL_TALK * len(talks))) if talks else 0.0
        return round(lately / 2 + regularly / 4 + much / 4, 4)

    def after(self, interaction: Interaction, *, topics: Mapping[str, str] = NO_TERMS.topics) -> "Profile":
        """The profile with one more interaction; only what the customer said counts as theirs.

        topics: the words that show one, and which.
        """
        words = WORD.findall(plain(interaction.message))
        at = interaction.at.astimezone(UTC)
        is_latest = self.last_at is None or at >= self.last_at
        return replace(
            self,
            interactions=self.interactions + 1,
            first_at=min(self.first_at or at, at),
            last_at=max(self.last_at or at, at),
            last_channel=interaction.channel if is_latest else self.last_channel,
            channels=_counted(self.channels, [interaction.channel]),
            topics=_counted(self.topics, _topics(words, topics)),
            words=self.words + len(words),
            weeks=_latest(_counted(self.weeks, [_monday(at)])),
        )

    def with_understanding(self, understood: Understanding) -> "Profile":
        """The profile with what was understood of one of its interactions: sums, so in any order."""
        kinds = {
            kind: _counted(self.named.get(kind, {}), values)
            for kind, values in understood.named.items()
            if kind in NAMED
        }
        sentiment, asked = understood.sentiment, understood.intent.name
        return replace(
            self,
            named={**self.named, **kinds},
            intents=_counted(self.intents, [asked] if asked else []),
            weighed=self.weighed + (sentiment is not None),
            feeling=self.feeling + round(THOUSANDTHS * (sentiment or 0)),
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
            "named": {kind: dict(counts) for kind, counts in self.named.items()},
            "intents": dict(self.intents),
            "weighed": self.weighed,
            "feeling": self.feeling,
            "weeks": dict(self.weeks),
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


def profile_of(
    interactions: Iterable[Interaction],
    *,
    start: Profile | None = None,
    understood: Mapping[str, Understanding] | None = None,
    topics: Mapping[str, str] = NO_TERMS.topics,
) -> Profile:
    """understood: what was understood of their messages, by the id of the interaction."""
    turns = list(interactions)
    profile = reduce(lambda known, turn: known.after(turn, topics=topics), turns, start or Profile())
    by_turn = understood or {}
    of_turns = [by_turn[turn.id] for turn in turns if turn.id in by_turn]
    return reduce(Profile.with_understanding, of_turns, profile)


def _topics(words: Iterable[str], topics: Mapping[str, str]) -> set[str]:
    return {topics[form] for word in words for form in (word, singular(word)) if form in topics}


def _counted(counts: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    return {**counts, **{name: counts.get(name, 0) + 1 for name in names}}


def _monday(moment: datetime) -> str:
    day = moment.astimezone(UTC).date()
    return (day - timedelta(days=day.weekday())).isoformat()


def _latest(weeks: Mapping[str, int]) -> dict[str, int]:
    """Without those that are half a year before the last."""
    last = date.fromisoformat(max(weeks))
    first = (last - timedelta(weeks=KEPT_WEEKS - 1)).isoformat()
    return {week: count for week, count in weeks.items() if week >= first}


def _commonest(counts: Mapping[str, int], number: int) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))[:number]
