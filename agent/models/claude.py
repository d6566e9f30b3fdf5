"""Claude through the Messages API, or any server that implements it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import anthropic
import httpx2
from anthropic import AsyncAnthropic

from agent.models.base import (
    Message,
    ModelAnswer,
    ModelRequest,
    ModelTimedOut,
    ModelUnavailable,
    OnText,
    Usage,
)
from foundation.log import logger
from foundation.resilience import retry
from foundation.settings import ModelSettings
from tools.base import Tool

LOG = logger(__name__)
EPHEMERAL = {"type": "ephemeral"}
TRANSIENT = (
    anthropic.APIConnectionError,
    anthropic.RateLimitError,
    anthropic.OverloadedError,
    anthropic.InternalServerError,
    httpx2.TransportError,
)
"""Errors worth a retry; any other status means that the request itself is wrong."""
TIMEOUTS = (anthropic.APITimeoutError, httpx2.TimeoutException)


class _Transient(Exception):
    """A transient error before the first text; `retry_after_seconds` is the wait that the server asks for."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.is_timeout = isinstance(cause, TIMEOUTS)
        self.retry_after_seconds = _retry_after(cause)


class Claude:
    """The only layer that retries: the SDK's own are off, and a reply that has begun is not retried."""

    reads_memory = True

    def __init__(self, settings: ModelSettings, *, client: AsyncAnthropic | None = None) -> None:
        self.name = settings.name
        self._settings = settings
        self._client = client or open_client(settings)
        self._ask = retry(on=_Transient, attempts=3, deadline=timedelta(seconds=8))(self._ask_once)

    async def answer(self, request: ModelRequest, *, on_text: OnText) -> ModelAnswer:
        message = await self._send(self._parameters(request), on_text)
        return ModelAnswer(
            content=[block.model_dump(mode="json", exclude_unset=True) for block in message.content],
            stop_reason=message.stop_reason or "end_turn",
            model=message.model,
            usage=_usage(message.usage),
        )

    async def fill(self, form: Mapping[str, Any], *, system: str, text: str) -> Mapping[str, Any] | None:
        """The arguments of the one tool that it must call; None where the call is missing or cut off.

        form: its name, description and strict input schema.
        """
        parameters = {
            **self._common(system),
            "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}],
            "tools": [{**form, "strict": True}],
            "tool_choice": {"type": "tool", "name": form["name"]},
        }
        message = await self._send(parameters, _ignore)
        filled = [block.input for block in message.content if block.type == "tool_use"]
        return filled[0] if filled and message.stop_reason == "tool_use" else None

    async def close(self) -> None:
        await self._client.close()

    async def _send(self, parameters: Mapping[str, Any], on_text: OnText) -> anthropic.types.Message:
        try:
            return await self._ask(parameters, on_text)
        except (anthropic.APIError, httpx2.TransportError, _Transient) as error:
            LOG.warning("model_failed", model=self.name, error=type(error).__name__)
            is_timeout = error.is_timeout if isinstance(error, _Transient) else isinstance(error, TIMEOUTS)
            kind = ModelTimedOut if is_timeout else ModelUnavailable
            raise kind(type(error).__name__) from error

    async def _ask_once(self, parameters: Mapping[str, Any], on_text: OnText) -> anthropic.types.Message:
        has_text = False
        try:
            async with self._client.messages.stream(**parameters) as stream:
                async for text in stream.text_stream:
                    has_text = True
                    await on_text(text)
                return await stream.get_final_message()
        except TRANSIENT as error:
            if has_text:
                raise
            raise _Transient(error) from error

    def _parameters(self, request: ModelRequest) -> dict[str, Any]:
        """Tools and policies first, the same bytes in each request, then memory, then the messages."""
        return {
            **self._common(request.system, request.memory),
            "messages": with_breakpoint(request.messages),
            "tools": [as_parameter(tool) for tool in request.tools],
        }

    def _common(self, *system: str) -> dict[str, Any]:
        return {
            "model": self._settings.name,
            "max_tokens": self._settings.max_tokens,
            "system": [{"type": "text", "text": text, "cache_control": EPHEMERAL} for text in system if text],
            "output_config": {"effort": self._settings.effort},
        }


def open_client(settings: ModelSettings) -> AsyncAnthropic:
    key = settings.anthropic_api_key
    return AsyncAnthropic(
        api_key=key.get_secret_value() if key else None,
        base_url=settings.anthropic_base_url,
        timeout=settings.timeout_seconds,
        max_retries=0,
    )


def as_parameter(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": tool.strict_schema,
        "strict": True,
    }


def with_breakpoint(messages: Sequence[Message]) -> list[Message]:
    """The same messages, the last block marked so that the next call finds them in the cache."""
    *earlier, last = messages
    *blocks, final = last["content"]
    return [*earlier, {**last, "content": [*blocks, {**final, "cache_control": EPHEMERAL}]}]


async def _ignore(_text: str) -> None:
    """A form has no text to stream."""


def _usage(usage: anthropic.types.Usage) -> Usage:
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_input_tokens or 0,
        cache_write_tokens=usage.cache_creation_input_tokens or 0,
    )


def _retry_after(error: Exception) -> float | None:
    if not isinstance(error, anthropic.APIStatusError):
        return None
    asked = error.response.headers.get("retry-after", "")
    return float(asked) if asked.replace(".", "", 1).isdigit() else None
