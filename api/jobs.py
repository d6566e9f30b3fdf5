"""The kinds of jobs in the queue, and what a reasoning job asks."""

from dataclasses import dataclass
from datetime import timedelta

from agent.turns.models import Inbound
from foundation.auth import Principal

REASON = "reason"
RESUME = "resume"
FORETELL = "foretell"
REFINE = "refine"
JOBS_KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class Asked:
    """The payload of a reasoning job; personal data in the prompt is masked already."""

    principal_id: str
    role: str
    prompt: str
    thread_id: str | None

    def message(self, job_id: str) -> Inbound:
        """The same message however often the job runs, so that its turn runs once."""
        principal = Principal.from_role_claim(self.principal_id, self.role)
        return Inbound(self.thread_id or f"thr_{job_id}", job_id, principal, self.prompt, channel="job")
