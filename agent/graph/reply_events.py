"""The events that end a turn's stream."""

from agent.graph.context import TurnContext
from agent.turns.models import Reply


async def publish_reply(context: TurnContext, reply: Reply) -> None:
    """Send the reply to everyone who waits for it; it is in the ledger already."""
    context.on_reply(reply)
    emit = context.emit
    await emit.complete(reply.text)
    dumped = reply.to_json()
    if reply.confirmation is not None:
        await emit("confirm", dumped["confirmation"])
    if reply.form is not None:
        await emit("form", {"form": reply.form})
    if reply.handed_over:
        await emit("handoff", {"summary": context.turn.text})
    await emit("done", dumped)
