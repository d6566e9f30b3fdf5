"""Finish turns that a process left unfinished when it ended."""

from collections.abc import Sequence

from api.containers.container import Container


async def finish_turns(container: Container, thread_ids: Sequence[str]) -> None:
    """Run whatever waits in these threads, unless another process is at it, then leave the container."""
    try:
        for thread_id in thread_ids:
            await container.agent().turns.drain(thread_id)
    finally:
        await container.leave()
