"""What the thread so far lends to a new message: what was asked, called, shown and offered last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.models.offline import references, schema
from agent.models.offline.conversation import Call, Exchange
from agent.models.offline.references import Shelf
from agent.models.offline.schema import Slot
from agent.models.offline.slots import Arguments
from agent.models.offline.wishes import Desk, Wish
from tools.base import Tool

LOOK_BACK = 4
"""How many exchanges ago a call may have been that a message still changes."""


@dataclass(frozen=True)
class Base:
    """A call that a follow-up may change: made, proposed, or still lacking an argument."""

    tool: Tool
    arguments: Arguments
    is_pending: bool = False
    is_made: bool = False
    """Carried out, and not refused."""
    asked: Slot | None = None
    """The argument we asked the customer for."""


@dataclass(frozen=True)
class Past:
    bases: Sequence[Base] = ()
    """The latest first."""
    shelf: Shelf = field(default_factory=Shelf)
    offered: str | None = None
    """The wish that a yes would express."""
    told: str = ""
    """The customer's message before this one."""

    @property
    def asked(self) -> Base | None:
        return next((base for base in self.bases if base.asked), None)

    @property
    def pending(self) -> Base | None:
        return next((base for base in self.bases if base.is_pending), None)


def read_past(exchanges: Sequence[Exchange], desk: Desk, *, reread: Callable[[], list[Wish]]) -> Past:
    """`reread` gives the wishes of the last of these exchanges again, where it ended on a question."""
    if not exchanges:
        return Past()
    last = exchanges[-1]
    wishes = reread() if _ends_on_question(last.said, desk) else []
    bases = [Base(wish.tool, wish.arguments, asked=wish.asks) for wish in wishes if wish.tool and wish.asks]
    for exchange in list(reversed(exchanges))[:LOOK_BACK]:
        for made in reversed(exchange.calls):
            tool = desk.tools.get(made.tool)
            if tool:
                is_pending = exchange is last and _is_pending(made)
                bases.append(Base(tool, made.arguments, is_pending=is_pending, is_made=_is_made(made)))
    return Past(bases, references.shelf(exchanges), desk.phrases.offered(last.said), last.words)


def _ends_on_question(said: str, desk: Desk) -> bool:
    asks = {slot.ask for tool in desk.tools.values() for slot in schema.slots(tool) if slot.ask}
    return said.strip().endswith(tuple(asks))


def _is_made(made: Call) -> bool:
    return made.result is not None and not made.result.is_pending and not made.result.is_error


def _is_pending(made: Call) -> bool:
    return made.result is not None and made.result.is_pending
