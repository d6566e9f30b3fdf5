import asyncio
import socket

import pytest
from pydantic import SecretStr

from agent.models.base import ModelAnswer, ModelRequest, ModelUnavailable
from agent.models.claude import Claude
from agent.models.fallback import SIMPLER, Fallback
from demo.fakes.messages_api import FakeMessagesApi, Turn, calls, fails, says
from foundation import metrics
from foundation.clock import system_clock
from foundation.settings import ModelSettings
from tests.agent.models import ScriptedModel
from tools.memberships import list_membership_tiers, subscribe_membership

TOOLS = (list_membership_tiers, subscribe_membership)


def request(*texts: str, memory: str = "Prefers edibles.") -> ModelRequest:
    roles = ("user", "assistant")
    messages = [
        {"role": roles[at % 2], "content": [{"type": "text", "text": text}]} for at, text in enumerate(texts)
    ]
    return ModelRequest("You work in a shop.", memory, messages, TOOLS)


class Received:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.restarts = 0

    async def text(self, text: str) -> None:
        self.texts.append(text)

    async def restart(self) -> None:
        self.texts.clear()
        self.restarts += 1


def claude(url: str, *, timeout_seconds: float = 30) -> Claude:
    settings = ModelSettings(
        ANTHROPIC_API_KEY=SecretStr("key"), ANTHROPIC_BASE_URL=url, MODEL_TIMEOUT_SECONDS=timeout_seconds
    )
    return Claude(settings)


def ask(url: str, *asked: ModelRequest, received: Received | None = None) -> list[ModelAnswer]:
    """What Claude answers to one request after the other."""
    texts = received or Received()

    async def conversation() -> list[ModelAnswer]:
        model = claude(url)
        try:
            return [await model.answer(each, on_text=texts.text) for each in asked]
        finally:
            await model.close()

    return asyncio.run(conversation())


def ask_chain(
    url: str, *, times: int = 1, received: Received | None = None, timeout_seconds: float = 30
) -> ModelAnswer:
    """What the last of so many requests is answered, by Claude or by the model behind it."""
    texts = received or Received()

    async def conversation() -> ModelAnswer:
        model = claude(url, timeout_seconds=timeout_seconds)
        chain = Fallback([model, ScriptedModel("offline", "Hello")], now=system_clock)
        try:
            answers = [
                await chain.answer(request("hi"), on_text=texts.text, restart=texts.restart)
                for _ in range(times)
            ]
        finally:
            await model.close()
        return answers[-1]

    return asyncio.run(conversation())


def test_words_are_spoken_as_they_come() -> None:
    received = Received()

    with FakeMessagesApi(says("Good morning to you")).serving() as url:
        (answer,) = ask(url, request("hi"), received=received)

    assert len(received.texts) > 1
    assert "".join(received.texts) == answer.content[0]["text"] == "Good morning to you"


def test_tool_call_comes_back_whole() -> None:
    with FakeMessagesApi(calls(("subscribe_membership", {"tier": "GOLD"}))).serving() as url:
        (answer,) = ask(url, request("gold please"))

    assert answer.stop_reason == "tool_use"
    assert answer.content[0]["input"] == {"tier": "GOLD"}


def test_prompt_begins_with_the_same_bytes_whatever_is_known_of_the_customer() -> None:
    fake = FakeMessagesApi()

    with fake.serving() as url:
        ask(url, request("hi", memory="Prefers edibles."), request("hello", memory="Prefers flower."))

    first, second = fake.requests
    assert first["tools"] == second["tools"]
    assert first["system"][0] == second["system"][0]
    assert first["system"][1] != second["system"][1]
    assert "x-slot" not in str(first["tools"])


def test_second_message_of_a_conversation_reads_the_cache() -> None:
    with FakeMessagesApi(says("Hello"), says("Sure")).serving() as url:
        first, second = ask(url, request("hi"), request("hi", "Hello", "what do you have?"))

    assert first.usage.cache_read_tokens == 0
    assert second.usage.cache_read_tokens >= first.usage.cache_write_tokens > 0


def test_overload_is_asked_again_in_one_layer_only() -> None:
    fake = FakeMessagesApi(fails(529, retry_after=0), says("Back again"))

    with fake.serving() as url:
        (answer,) = ask(url, request("hi"))

    assert answer.content[0]["text"] == "Back again"
    assert len(fake.requests) == 2


def test_our_own_mistake_is_not_asked_again() -> None:
    fake = FakeMessagesApi(fails(400))

    with fake.serving() as url, pytest.raises(ModelUnavailable):
        ask(url, request("hi"))

    assert len(fake.requests) == 1


def test_key_goes_into_the_header_and_not_into_the_body() -> None:
    fake = FakeMessagesApi()

    with fake.serving() as url:
        ask(url, request("hi"))

    assert "key" in (fake.headers[0].get("authorization", "") + fake.headers[0].get("x-api-key", ""))


class TestFallback:
    def test_simpler_model_answers_and_says_so(self) -> None:
        fake = FakeMessagesApi(otherwise=fails(529, retry_after=0))

        with fake.serving() as url:
            answer = ask_chain(url)

        assert (answer.content[0]["text"], answer.notice) == ("Hello", SIMPLER)

    def test_words_of_a_reply_that_broke_off_are_taken_back(self) -> None:
        received = Received()

        with FakeMessagesApi(says("Gold is the best of", cut_after=2)).serving() as url:
            answer = ask_chain(url, received=received)

        assert answer.content[0]["text"] == "Hello"
        assert (received.restarts, received.texts) == (1, ["Hello"])

    def test_after_five_failures_the_model_is_not_called(self) -> None:
        fake = FakeMessagesApi(otherwise=fails(400))

        with fake.serving() as url:
            ask_chain(url, times=8)

        assert len(fake.requests) == 5

    @pytest.mark.parametrize(
        ("turn", "outcome"),
        [
            (says("Hello"), "ok"),
            (says("I would rather not", stop_reason="refusal"), "refused"),
            (fails(400), "unavailable"),
        ],
    )
    def test_calls_are_counted_by_outcome(self, turn: Turn, outcome: str) -> None:
        before = called(ModelSettings().name, outcome), called("offline", "ok")

        with FakeMessagesApi(turn).serving() as url:
            ask_chain(url)

        after = called(ModelSettings().name, outcome), called("offline", "ok")
        assert after == (before[0] + 1, before[1] + (outcome == "unavailable"))

    def test_call_without_an_answer_in_time_is_counted_as_a_timeout(self) -> None:
        before = called(ModelSettings().name, "timeout")

        with socket.create_server(("127.0.0.1", 0)) as silent:
            ask_chain(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.05)

        assert called(ModelSettings().name, "timeout") == before + 1


def called(model: str, outcome: str) -> float:
    """How many calls of the model have been counted with that outcome."""
    return (
        metrics.REGISTRY.get_sample_value("livhana_model_calls_total", {"model": model, "outcome": outcome})
        or 0.0
    )


def test_model_that_does_not_read_memory_is_given_none() -> None:
    reading, plain = ScriptedModel("reading", "Hello."), ScriptedModel("plain", "Hello.")
    plain.reads_memory = False
    received = Received()

    for model in (reading, plain):
        chain = Fallback((model,), now=system_clock)
        asyncio.run(chain.answer(request("hi"), on_text=received.text, restart=received.restart))

    assert [model.requests[0].memory for model in (reading, plain)] == ["Prefers edibles.", ""]
