"""The verbatim messages of a turn: the customer's and ours, never mixed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


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
    """Ours; remembered as ours, and never taken for a statement of the customer."""

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
