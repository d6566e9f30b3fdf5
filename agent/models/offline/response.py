"""From the wishes of a message to the blocks of an answer: calls first, then words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.models.base import Block
from agent.models.offline.conversation import Exchange
from agent.models.offline.slots import Arguments
from agent.models.offline.speech import Phrases
from agent.models.offline.wishes import Wish
from tools.base import Tool

UNSAID_BESIDE_RESULTS = {
    "greeting", "thanks", "goodbye", "agree", "plain_yes", "cancel", "unclear", "empty", "capabilities",
}  # fmt: skip
OWN = "own:"
"""How the scopes begin that signing in gives."""


@dataclass(frozen=True)
class Planned:
    tool: Tool
    arguments: Arguments


@dataclass(frozen=True)
class Answering:
    """One answer in the making."""

    wishes: Sequence[Wish]
    exchange: Exchange
    """The customer's message, and what was called for it so far."""
    tools: Sequence[Tool]
    """What may be called."""
    phrases: Phrases
    spanish: bool
    is_staff: bool = False

    def blocks(self) -> list[Block]:
        calls = self._due()
        if calls:
            start = len(self.exchange.calls)
            return [_use(call, start + at) for at, call in enumerate(calls)]
        return [{"type": "text", "text": "\n\n".join(self._words())}]

    @property
    def form(self) -> str | None:
        """The form to show beside the words."""
        labels = self._labels(beside_results=bool(self.exchange.calls))
        return next((form for label in labels if (form := self.phrases[label].form)), None)

    def _due(self) -> list[Planned]:
        """Look-ups all at once and one purchase; the next purchase once that one is not waiting for a yes."""
        planned = [call for wish in self.wishes if (call := self._planned(wish))]
        writes = [call for call in planned if call.tool.effect.needs_confirmation]
        if not self.exchange.calls:
            return [call for call in planned if call not in writes[1:]]
        return [] if self._is_waiting() else writes[self._written() :][:1]

    def _planned(self, wish: Wish) -> Planned | None:
        if wish.tool not in self.tools or wish.tool is None:
            return None
        if wish.asks is None:
            return Planned(wish.tool, wish.arguments)
        return Planned(wish.lists, {}) if wish.lists in self.tools and wish.lists else None

    def _is_waiting(self) -> bool:
        return any(call.result and call.result.is_pending for call in self.exchange.calls)

    def _written(self) -> int:
        writing = {tool.name for tool in self.tools if tool.effect.needs_confirmation}
        return sum(call.tool in writing for call in self.exchange.calls)

    def _words(self) -> list[str]:
        results = list(self._results())
        labels = dict.fromkeys(self._labels(beside_results=bool(self.exchange.calls)))
        own = [self._phrase(label) for label in labels]
        asked = self._question()
        if self.exchange.calls and not results:
            own.append(self._phrase("nothing_came"))
        lead = [self._phrase("lead_in")] if self.spanish and (results or asked) else []
        return [text for text in (*own, *lead, *results, *self._deferred(), *asked) if text] or [
            self._phrase("unclear")
        ]

    def _labels(self, *, beside_results: bool) -> Iterator[str]:
        """Of the phrases that the wishes themselves call for."""
        for wish in self.wishes:
            if wish.tool is None:
                unsaid = beside_results and wish.label in UNSAID_BESIDE_RESULTS
                if not unsaid and wish.label in self.phrases:
                    yield wish.label
            elif wish.tool not in self.tools:
                yield self._withheld(wish.tool)

    def _withheld(self, tool: Tool) -> str:
        if not tool.scope.startswith(OWN):
            return "staff_only"
        return "customers_only" if self.is_staff else "sign_in"

    def _results(self) -> Iterator[str]:
        for call in self.exchange.calls:
            if call.result and call.result.say:
                asks = call.result.is_pending and not call.result.say.rstrip().endswith("?")
                yield f"{call.result.say} {self._phrase('confirm')}" if asks else call.result.say

    def _deferred(self) -> list[str]:
        writes = [w for w in map(self._planned, self.wishes) if w and w.tool.effect.needs_confirmation]
        return [self._phrase("later")] if self._is_waiting() and len(writes) > self._written() else []

    def _question(self) -> list[str]:
        asked = [wish for wish in self.wishes if wish.asks and wish.tool in self.tools]
        if not asked or self._is_waiting():
            return []
        return [(asked[0].asks.ask if asked[0].asks else "") or self._phrase("which")]

    def _phrase(self, label: str) -> str:
        return self.phrases[label].said(spanish=self.spanish)


def _use(call: Planned, number: int) -> Block:
    return {
        "type": "tool_use",
        "id": f"call_{number + 1}",
        "name": call.tool.name,
        "input": dict(call.arguments),
    }
