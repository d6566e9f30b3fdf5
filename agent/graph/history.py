"""Repairs a conversation history so that the Messages API accepts it."""

from collections.abc import Iterator, Sequence

from agent.models.base import Block, Message

LOST = "This result was lost. Do not assume that it happened; look it up if it matters."


def repaired(messages: Sequence[Message]) -> list[Message]:
    """The same conversation in which roles alternate and every tool call has its one result.

    It begins and ends with the user. Results without a call and empty blocks are dropped;
    a call without a result gets one that says so. Nothing of the input is changed.
    """
    before: Sequence[Message] | None = None
    after = messages
    while after != before:
        before, after = after, _repaired_once(after)
    return list(after)


def _repaired_once(messages: Sequence[Message]) -> Sequence[Message]:
    """A message that one pass drops may leave another to repair."""
    merged: list[Message] = []
    for message in messages:
        blocks = [dict(block) for block in _blocks(message) if _has_content(block)]
        if not blocks or (not merged and message["role"] != "user"):
            continue
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1]["content"] += blocks
        else:
            merged.append({"role": message["role"], "content": blocks})
    return _alternating(_paired(merged))


def text_of(message: Message) -> str:
    return "\n".join(block["text"] for block in _blocks(message) if block.get("type") == "text")


def _blocks(message: Message) -> list[Block]:
    content = message.get("content") or []
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _has_content(block: Block) -> bool:
    return block.get("type") != "text" or bool(str(block.get("text") or "").strip())


def _paired(messages: list[Message]) -> list[Message]:
    """Give each assistant message with calls the results that follow it, in the order of the calls."""
    paired: list[Message] = []
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "assistant":
            waiting = list(dict.fromkeys(block["id"] for block in message["content"] if _is_call(block)))
            paired.append(message)
            continue
        paired.append({"role": "user", "content": list(_answered(message["content"], waiting))})
        waiting = []
    if waiting:
        paired.append({"role": "user", "content": list(_answered([], waiting))})
    return [message for message in paired if message["content"]]


def _answered(blocks: Sequence[Block], waiting: Sequence[str]) -> Iterator[Block]:
    results: dict[str, Block] = {}
    for block in blocks:
        if block.get("type") == "tool_result":
            results.setdefault(str(block.get("tool_use_id")), block)
    for call_id in waiting:
        yield results.get(call_id) or lost(call_id)
    yield from (block for block in blocks if block.get("type") != "tool_result")


def _alternating(messages: list[Message]) -> list[Message]:
    """Join neighbours of one role, which dropped messages may have left."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"]:
            joined[-1] = {**message, "content": joined[-1]["content"] + message["content"]}
        elif joined or message["role"] == "user":
            joined.append(message)
    return joined


def _is_call(block: Block) -> bool:
    return block.get("type") == "tool_use"


def lost(call_id: str) -> Block:
    return {"type": "tool_result", "tool_use_id": call_id, "content": LOST, "is_error": True}
