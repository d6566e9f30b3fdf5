"""A local server that speaks the Messages API, streaming too, and answers from a script."""

import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from demo.fakes.serving import served

TOKEN = 4
"""Characters in a token, about."""


@dataclass(frozen=True)
class Turn:
    """One scripted answer: a `status` but 200 fails; `cut_after` drops the line after so many words."""

    content: list[dict[str, Any]] = field(default_factory=list)
    stop_reason: str = "end_turn"
    status: int = 200
    retry_after: int | None = None
    cut_after: int | None = None


def says(text: str, *, stop_reason: str = "end_turn", cut_after: int | None = None) -> Turn:
    return Turn([{"type": "text", "text": text}], stop_reason, cut_after=cut_after)


def calls(*tools: tuple[str, dict[str, Any]], text: str = "", stop_reason: str = "tool_use") -> Turn:
    words = [{"type": "text", "text": text}] if text else []
    uses = [
        {"type": "tool_use", "id": f"toolu_{index:02d}", "name": name, "input": arguments}
        for index, (name, arguments) in enumerate(tools)
    ]
    return Turn(words + uses, stop_reason)


def fails(status: int, *, retry_after: int | None = None) -> Turn:
    return Turn(status=status, retry_after=retry_after)


Script = Callable[[dict[str, Any]], Turn]


class FakeMessagesApi:
    """Answers with the scripted turns in order, then with `otherwise`; keeps every request."""

    def __init__(self, *turns: Turn | Script, otherwise: Turn | Script | None = None) -> None:
        self.turns: deque[Turn | Script] = deque(turns)
        self.otherwise: Turn | Script = otherwise or says("Anything else?")
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._cached: set[str] = set()
        self.app = Starlette(routes=[Route("/v1/messages", self._answer, methods=["POST"])])

    def serving(self) -> AbstractContextManager[str]:
        """The base URL while it serves on a free port of the loopback."""
        return served(self.app)

    async def _answer(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        scripted = self.turns.popleft() if self.turns else self.otherwise
        turn = scripted if isinstance(scripted, Turn) else scripted(body)
        if turn.status != 200:  # noqa: PLR2004 - HTTP's own number
            return _failure(turn)
        message = self._message(body, turn)
        if not body.get("stream"):
            return JSONResponse(message)
        return StreamingResponse(_events(message, turn), media_type="text/event-stream")

    def _message(self, body: dict[str, Any], turn: Turn) -> dict[str, Any]:
        read, written = self._cache(body)
        spoken = len(json.dumps(turn.content)) // TOKEN
        whole = len(json.dumps(body)) // TOKEN
        usage = {
            "input_tokens": max(0, whole - read - written),
            "output_tokens": spoken,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
        }
        return {
            "id": f"msg_{len(self.requests):04d}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": turn.content,
            "stop_reason": turn.stop_reason,
            "stop_sequence": None,
            "usage": usage,
        }

    def _cache(self, body: dict[str, Any]) -> tuple[int, int]:
        """Tokens read and written: up to the longest known prefix, and from there to the last breakpoint."""
        read = written = 0
        for prefix, is_marked in _prefixes(body):
            tokens = len(prefix) // TOKEN
            if prefix in self._cached:
                read = tokens
            if is_marked:
                self._cached.add(prefix)
                written = tokens
        return read, max(0, written - read)


def _prefixes(body: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each beginning of the prompt that ends with a block, tools first, and whether a breakpoint ends it."""
    blocks = [*body.get("tools", []), *body.get("system", [])]
    blocks += [block for message in body["messages"] for block in message["content"]]
    seen = ""
    for block in blocks:
        seen += json.dumps({key: value for key, value in block.items() if key != "cache_control"})
        yield seen, "cache_control" in block


def _failure(turn: Turn) -> Response:
    kind = "overloaded_error" if turn.status == 529 else "api_error"  # noqa: PLR2004 - the API's own number
    headers = {"retry-after": str(turn.retry_after)} if turn.retry_after is not None else {}
    error = {"type": "error", "error": {"type": kind, "message": "scripted failure"}}
    return JSONResponse(error, status_code=turn.status, headers=headers)


async def _events(message: dict[str, Any], turn: Turn) -> AsyncIterator[str]:
    start = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 0}}
    yield _event("message_start", message=start)
    words_left = turn.cut_after
    for index, block in enumerate(message["content"]):
        empty = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
        yield _event("content_block_start", index=index, content_block=empty)
        for delta in _deltas(block):
            if words_left is not None:
                if words_left == 0:
                    raise ConnectionError("scripted cut")
                words_left -= 1
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _event("message_delta", delta=ending, usage=message["usage"])
    yield _event("message_stop")


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, str]]:
    if block["type"] == "text":
        for word in block["text"].split(" "):
            yield {"type": "text_delta", "text": word if block["text"].startswith(word) else f" {word}"}
    else:
        text = json.dumps(block["input"])
        for at in range(0, len(text), 12):
            yield {"type": "input_json_delta", "partial_json": text[at : at + 12]}


def _event(kind: str, **fields: Any) -> str:  # noqa: ANN401 - any JSON
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"
