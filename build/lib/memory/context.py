"""What the agent is given to know about a customer before it answers, and how that reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from zoneinfo import ZoneInfo

from memory.facts import Fact
from memory.interactions import Interaction, Speaker, day
from memory.profiles import Profile

TURN_TOKENS = 1_200
"""For all past turns together."""
LONGEST_QUOTE = 320
"""Characters of one person's words in one turn."""


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
    profile: Profile = field(default_factory=Profile)
    version: int = 0
    """Of the profile: how many interactions it was made from."""
    facts: tuple[Fact, ...] = ()
    recent: tuple[Interaction, ...] = ()
    """The last turns in any thread, the newest first."""
    relevant: tuple[RecalledTurn, ...] = ()
    """Older turns that fit the message, the best first."""
    missing: tuple[str, ...] = ()
    """Parts that could not be read this time."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of every fact and turn in it."""
        turns = (*self.recent, *(each.interaction for each in self.relevant))
        return (*(fact.id for fact in self.facts), *(turn.id for turn in turns))

    def text(self) -> str:
        """The same for the same content; empty when nothing is known."""
        parts = (
            ("About the customer", self._profile_lines()),
            ("Told by the customer", self._fact_lines()),
            ("Last turns, newest first", [line for turn in self.recent for line in self._quote(turn)]),
            (
                "Earlier turns that fit this message",
                [line for each in self.relevant for line in self._quote(each.interaction, why=each.why)],
            ),
            ("Not available now", [f"- {name}" for name in self.missing]),
        )
        return "\n".join(f"{title}:\n" + "\n".join(lines) for title, lines in parts if lines)

    def _profile_lines(self) -> list[str]:
        profile = self.profile
        if profile.first_at is None or profile.last_at is None:
            return []
        topics = ", ".join(profile.favourite_topics)
        return [
            f"- {profile.interactions} turns since {day(profile.first_at, self.zone)}, the last on"
            f" {day(profile.last_at, self.zone)} by {profile.last_channel} [profile {self.version}]",
            f"- writes by {profile.preferred_channel}, {profile.style}"
            + (f"; speaks most of {topics}" if topics else ""),
        ]

    def _fact_lines(self) -> list[str]:
        return [
            f"- {fact.predicate}: {fact.value} (since {day(fact.valid_from, self.zone)}) [{fact.id}]"
            for fact in self.facts
        ]

    def _quote(self, turn: Interaction, *, why: str = "") -> list[str]:
        reason = f", {why}" if why else ""
        return [
            f"- {day(turn.at, self.zone)} by {turn.channel}{reason} [{turn.id}]",
            *(f'  {speaker}: "{_one_line(turn.words_of(speaker))}"' for speaker in Speaker),
        ]


def fitting(turns: Sequence[Interaction], *, tokens: int) -> Sequence[Interaction]:
    """As many as the tokens allow, in the order given."""
    return turns[: sum(total <= tokens for total in accumulate(map(tokens_of, turns)))]


def tokens_of(turn: Interaction) -> int:
    """About what the turn costs in a prompt: a token is four characters of English."""
    return sum(len(_one_line(turn.words_of(speaker))) for speaker in Speaker) // 4 + 20


def _one_line(words: str) -> str:
    """One line, so that quoted words cannot pass for lines of ours."""
    plain = " ".join(words.split()).replace('"', "'")
    return plain if len(plain) <= LONGEST_QUOTE else plain[: LONGEST_QUOTE - 1].rstrip() + "…"
