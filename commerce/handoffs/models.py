"""What a member of staff needs to take a conversation over."""

from dataclasses import dataclass
from datetime import datetime

from foundation.errors import NotFound


@dataclass(frozen=True)
class Handoff:
    id: str
    thread_id: str
    principal_id: str
    summary: str
    """What it is about, so that the customer need not say it again."""
    requested_at: datetime
    closed_at: datetime | None = None
    """When a person had seen to it."""


class NoSuchHandoff(NotFound):
    def __init__(self) -> None:
        super().__init__("Unknown hand-over request.")
