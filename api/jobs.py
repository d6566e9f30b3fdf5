"""The kinds of jobs in the queue, and what a reasoning job asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agent.turns.models import Inbound
from foundation.auth import Principal

REASON = "reason"
RESUME = "resume"
FORETELL = "foretell"
REFINE = "refine"
JOBS_KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class ReasoningJob:
    """A question for the worker; personal data in the prompt is masked already."""

    principal: Principal
    prompt: str
    thread_id: str | None

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "ReasoningJob":
        principal = Principal.from_role_claim(payload["principal_id"], payload["role"])
        return cls(principal, payload["prompt"], payload["thread_id"])

    def to_payload(self) -> dict[str, Any]:
        return {
            "principal_id": self.principal.id,
            "role": self.principal.role_claim,
            "prompt": self.prompt,
            "thread_id": self.thread_id,
        }

    def message(self, job_id: str) -> Inbound:
        """The same message however often the job runs, so that its turn runs once."""
        return Inbound(self.thread_id or f"thr_{job_id}", job_id, self.principal, self.prompt, channel="job")
