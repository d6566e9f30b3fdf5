"""What a member of staff needs to take a conversation over."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Handoff:
    id: str
    thread_id: str
    principal_id: str
    summary: str
    """What it is about, so that the customer need not say it again."""
    requested_at: datetime
