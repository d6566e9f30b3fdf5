"""A model without latency, so that the cost of a turn is that of everything but the model."""

import json

from agent.models.base import Block, Message, ModelAnswer, ModelRequest, OnText

MESSAGES = (
    "What do you have for sleep under $40?",
    "Hello again, I hope you are well.",
    "What would my discount be on $80?",
    "Please remember that I like berry.",
)
"""A search, small talk, a lookup and a note: the messages that `InstantModel` can answer."""

CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "sleep": ("search_products", {"effect": "sleep", "max_price": 40}),
    "discount": ("membership_discount", {"subtotal": 80}),
    "remember": ("remember_preference", {"kind": "likes", "value": "berry"}),
}


class InstantModel:
    name = "instant"
    reads_memory = True

    async def answer(self, request: ModelRequest, *, on_text: OnText) -> ModelAnswer:
        last = request.messages[-1]
        results = [block for block in last["content"] if block["type"] == "tool_result"]
        if results:
            return await self._say(json.loads(results[0]["content"])["say"], on_text)
        called = next((call for word, call in CALLS.items() if word in _text(last)), None)
        if called is None:
            return await self._say("Very well, thank you. What can I do for you?", on_text)
        use: Block = {"type": "tool_use", "id": "call", "name": called[0], "input": called[1]}
        return ModelAnswer([use], "tool_use", self.name)

    async def _say(self, text: str, on_text: OnText) -> ModelAnswer:
        await on_text(text)
        return ModelAnswer([{"type": "text", "text": text}], "end_turn", self.name)


def _text(message: Message) -> str:
    return " ".join(block["text"] for block in message["content"] if block["type"] == "text").lower()
