"""What a clause was heard to say, what it wishes for, and how sure that is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.models.offline import schema
from agent.models.offline.marks import Marks
from agent.models.offline.names import Names
from agent.models.offline.routing import Guess, Router
from agent.models.offline.schema import Slot
from agent.models.offline.slots import Arguments, Clue
from agent.models.offline.speech import Phrases
from agent.models.offline.vocabulary import Choices
from foundation.text.reader import Utterance
from tools.base import Effect, Tool

CERTAIN, SURE, LIKELY, POSSIBLE, ARGUABLE = 0.8, 0.6, 0.42, 0.28, 0.15
"""Scores of the router: from what to act on against the context, to what is worth a second look."""


@dataclass(frozen=True)
class Desk:
    """Everything a message is read with."""

    read: Callable[[str], Utterance]
    router: Router
    choices: Choices
    names: Names
    marks: Marks
    phrases: Phrases
    tools: Mapping[str, Tool]

    def kinds(self) -> list[str]:
        """The kinds of things that tools take by name."""
        kinds = {slot.kind for tool in self.tools.values() for slot in schema.slots(tool)}
        return sorted(kind for kind in kinds if self.names.of_kind(kind))

    def kind_of(self, word: str) -> str | None:
        """Of what such an id is, by how it begins: `ord_…` is an order's."""
        slots = (slot for tool in self.tools.values() for slot in schema.slots(tool) if slot.id_prefix)
        return next((slot.kind for slot in slots if word.startswith(f"{slot.id_prefix}_")), None)

    def lister(self, slot: Slot) -> Tool | None:
        """The tool that shows what a slot may hold, by its name: `list_raffles` for a raffle."""
        for tool in self.tools.values():
            parts = tool.name.split("_")
            if parts[0] == "list" and parts[-1].removesuffix("s") in (slot.name, slot.kind):
                return tool
        return None


@dataclass(frozen=True)
class Heard:
    """One clause, and what the router makes of it, the likeliest first."""

    clue: Clue
    ranked: Sequence[Guess]
    is_cued: bool
    """Said as a change to what went before."""

    @property
    def top(self) -> Guess:
        return self.ranked[0]

    @property
    def words(self) -> Sequence[str]:
        return self.clue.words


@dataclass(frozen=True)
class Wish:
    """A call, or something to say. `asks` is what a call still lacks."""

    label: str
    score: float = 1.0
    tool: Tool | None = None
    arguments: Arguments = field(default_factory=dict)
    clue: Clue = field(default_factory=Clue)
    is_headed: bool = True
    """Stands on its own, rather than adding to its neighbour."""
    asks: Slot | None = None
    lists: Tool | None = None
    """What shows the customer the answers to choose from."""

    @property
    def effect(self) -> Effect | None:
        return self.tool.effect if self.tool else None


def call(tool: Tool, arguments: Arguments, clue: Clue) -> Wish:
    return Wish(tool.name, tool=tool, arguments=arguments, clue=clue)


def is_complete(tool: Tool, filled: Arguments) -> bool:
    return all(slot.name in filled for slot in schema.slots(tool) if slot.is_required)


def says_something(tool: Tool, filled: Arguments) -> bool:
    """Whether more is filled than what any words would fill."""
    return any(slot.name in filled for slot in schema.slots(tool) if slot.kind not in schema.FREE)
