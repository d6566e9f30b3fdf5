"""A model that says and calls what a test tells it to."""

from collections import deque
from collections.abc import Callable
from typing import Any

from agent.models.base import ModelAnswer, ModelRequest, OnText

Reaction = Callable[[ModelRequest], ModelAnswer]


def words(text: str, stop_reason: str = "end_turn") -> ModelAnswer:
    return ModelAnswer([{"type": "text", "text": text}], stop_reason, "scripted")


def uses(*calls: tuple[str, Any], stop_reason: str = "tool_use") -> ModelAnswer:
    blocks = [{"type": "tool_use", "id": "same", "name": name, "input": given} for name, given in calls]
    return ModelAnswer(blocks, stop_reason, "scripted")


class ScriptedModel:
    reads_memory = True

    def __init__(self, name: str, *answers: str | ModelAnswer | Reaction) -> None:
        self.name = name
        self._answers = deque(answers)
        self.requests: list[ModelRequest] = []

    async def answer(self, request: ModelRequest, *, on_text: OnText) -> ModelAnswer:
        self.requests.append(request)
        given = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        answer = words(given) if isinstance(given, str) else given
        answer = answer if isinstance(answer, ModelAnswer) else answer(request)
        for block in answer.content:
            if block["type"] == "text":
                await on_text(block["text"])
        return answer
