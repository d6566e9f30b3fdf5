"""The few sentences the offline model says of its own accord; everything else it says is a tool's."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from agent.models.offline.lexicon import HOME


@dataclass(frozen=True)
class Phrase:
    en: str
    es: str
    then: str | None = None
    """The wish that a plain yes to this expresses."""
    form: str | None = None
    """The form to show beside it."""

    def said(self, *, spanish: bool) -> str:
        return self.es if spanish else self.en


@dataclass(frozen=True)
class Phrases:
    known: Mapping[str, Phrase]

    def __getitem__(self, label: str) -> Phrase:
        return self.known[label]

    def __contains__(self, label: str) -> bool:
        return label in self.known

    def offered(self, said: str) -> str | None:
        """What a yes would mean after these words of ours."""
        text = said.strip()
        for phrase in self.known.values():
            if phrase.then and text.endswith((phrase.en, phrase.es)):
                return phrase.then
        return None


@cache
def phrases() -> Phrases:
    read = tomllib.loads((HOME / "phrases.toml").read_text(encoding="utf-8"))
    return Phrases({label: Phrase(**fields) for label, fields in read.items()})
