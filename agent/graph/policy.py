"""The model's policies: prose in `agent/policies/*.md`, matched to a message by their keywords."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from foundation.auth import Role

FOLDER = Path(__file__).parents[1] / "policies"


@dataclass(frozen=True)
class Policy:
    id: str
    roles: frozenset[Role]
    words: re.Pattern[str] | None
    """Beginnings of words; a message with one of them matches this policy."""
    text: str

    def matches(self, message: str) -> bool:
        return self.words is not None and self.words.search(message) is not None


@cache
def policies() -> tuple[Policy, ...]:
    """In the order of their file names, so that the prompt is the same every time."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.md")))


@cache
def system_prompt(role: Role) -> str:
    """The policies of a role in one text; stable, so that prompt caches keep it."""
    return "\n\n".join(policy.text for policy in policies() if role in policy.roles)


def matched(message: str, role: Role) -> list[str]:
    """Ids of the policies that match a message."""
    return [policy.id for policy in policies() if role in policy.roles and policy.matches(message)]


def _read(path: Path) -> Policy:
    _, head, text = path.read_text().split("---\n", 2)
    fields = dict(line.split(":", 1) for line in head.strip().splitlines())
    roles: Iterable[str] = fields["roles"].split()
    stems = "|".join(map(re.escape, fields.get("words", "").split()))
    words = re.compile(rf"\b(?:{stems})", re.IGNORECASE) if stems else None
    return Policy(path.stem, frozenset(map(Role, roles)), words, text.strip())
