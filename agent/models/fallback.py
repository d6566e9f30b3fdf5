"""The chain of models: the first that answers, each behind a circuit breaker but the last."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from agent.models.base import Model, ModelAnswer, ModelRequest, ModelTimedOut, ModelUnavailable, OnText
from foundation import metrics
from foundation.clock import Clock
from foundation.resilience import Breaker, BreakerOpen

SIMPLER = (
    "Our main assistant is not available right now, so a simpler one answered. "
    "It can still look things up and do what you confirm."
)
"""Shown to the customer with the answer of any model but the first."""

REFUSAL = "refusal"
"""How the Messages API says that the model declines to answer."""

Restart = Callable[[], Awaitable[None]]


class Fallback:
    def __init__(self, models: Sequence[Model], *, now: Clock) -> None:
        *guarded, self._last = models
        self._guarded = [
            (model, Breaker(f"model {model.name}", on=ModelUnavailable, now=now)) for model in guarded
        ]

    @property
    def names(self) -> list[str]:
        return [model.name for model, _ in self._guarded] + [self._last.name]

    @property
    def unavailable(self) -> list[str]:
        """Models whose circuit breaker is open."""
        return [model.name for model, breaker in self._guarded if breaker.state == "open"]

    async def answer(self, request: ModelRequest, *, on_text: OnText, restart: Restart) -> ModelAnswer:
        """The first answer that a model gives; the text of a model that failed is withdrawn by `restart`."""
        for model, breaker in self._guarded:
            try:
                with breaker:
                    answer = await _counted(model, _for(model, request), on_text=on_text)
            except (ModelUnavailable, BreakerOpen):
                await restart()
                continue
            return answer if model is self._guarded[0][0] else replace(answer, notice=SIMPLER)
        answer = await _counted(self._last, _for(self._last, request), on_text=on_text)
        return replace(answer, notice=SIMPLER) if self._guarded else answer


async def _counted(model: Model, request: ModelRequest, *, on_text: OnText) -> ModelAnswer:
    """The model's answer; what came of the call is counted."""
    outcome = "unavailable"
    try:
        answer = await model.answer(request, on_text=on_text)
        outcome = "refused" if answer.stop_reason == REFUSAL else "ok"
    except ModelTimedOut:
        outcome = "timeout"
        raise
    finally:
        metrics.model_calls.labels(model.name, outcome).inc()
    return answer


def _for(model: Model, request: ModelRequest) -> ModelRequest:
    return request if model.reads_memory else replace(request, memory="")
