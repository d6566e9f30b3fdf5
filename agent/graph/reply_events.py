"""Tell whoever waits for a turn how it ended."""

from agent.graph.run import Run
from agent.turns.models import Reply


async def announce(run: Run, reply: Reply) -> None:
    """Tell whoever waits; the reply is in the ledger already."""
    run.on_reply(reply)
    await run.emit.settle(reply.text)
    dumped = reply.to_json()
    if reply.confirmation is not None:
        await run.emit("confirm", dumped["confirmation"])
    if reply.form is not None:
        await run.emit("form", {"form": reply.form})
    if reply.handed_over:
        await run.emit("handoff", {"summary": run.turn.text})
    await run.emit("done", dumped)
