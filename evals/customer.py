"""A customer who talks to the shop by script, and keeps what came of it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from agent.service import Turns
from agent.turns.models import Inbound, Receipt, Reply, TurnStatus
from evals.scenario import Scenario, Step
from evals.shop_template import Copy
from foundation.auth import Principal, Role

PATIENCE_SECONDS = 30
LOOK_SECONDS = 0.002
ROLES = {"cus": Role.CUSTOMER, "gst": Role.GUEST, "stf": Role.STAFF, "adm": Role.ADMIN}


class NoReply(Exception):
    """A turn had no end."""


@dataclass(frozen=True)
class Played:
    """One step as it went."""

    step: Step
    receipts: Sequence[Receipt]
    """One for each message and delivery."""
    reply: Reply
    streamed: str
    """The reply as it came in piece by piece, with what was taken back left out."""
    seconds: float

    @property
    def is_replay(self) -> bool:
        return all(receipt.is_replay for receipt in self.receipts)


class ScriptedCustomer:
    def __init__(self, copy: Copy, scenario: Scenario) -> None:
        self._copy = copy
        self._scenario = scenario
        self._turns: Turns = copy.house.turns
        self._played: list[Played] = []

    async def play(self) -> list[Played]:
        """Step by step; each turn is over, with all that was learned from it, before the next one."""
        for number, step in enumerate(self._scenario.steps, start=1):
            self._copy.clock.now += timedelta(minutes=step.minutes_later)
            started = time.perf_counter()
            receipts = await self._send(step, number)
            reply = await self._turns.reply(receipts[-1].turn_id, timeout_seconds=PATIENCE_SECONDS)
            seconds = time.perf_counter() - started
            if reply is None:
                raise NoReply(f"{self._scenario.name}, step {number}: no reply")
            streamed = await self._streamed(reply.turn_id)
            await self._over(reply.turn_id)
            self._played.append(Played(step, receipts, reply, streamed, seconds))
        return self._played

    async def _send(self, step: Step, number: int) -> list[Receipt]:
        if step.press is not None:
            return await self._press(step)
        messages = self._messages(step, number)
        if len(messages) > 1:
            return await self._burst(messages)
        starts = (self._turns.start(messages[0]) for _ in range(step.deliveries))
        return list(await asyncio.gather(*starts))

    async def _burst(self, messages: Sequence[Inbound]) -> list[Receipt]:
        """All are there before anybody can take up the first."""
        store = self._turns.store
        with store.ledger.transaction():
            receipts = [store.accept(inbound) for inbound in messages]
        await self._turns.drain(messages[0].thread_id)
        return receipts

    async def _press(self, step: Step) -> list[Receipt]:
        asked = next((p.reply.confirmation for p in reversed(self._played) if p.reply.confirmation), None)
        if step.press is None or asked is None:
            raise NoReply(f"{self._scenario.name}: there is no button to press")
        presses = [
            self._turns.decide(asked.action_id, step.press, self._principal(step))
            for _ in range(step.deliveries)
        ]
        return list(await asyncio.gather(*presses))

    def _messages(self, step: Step, number: int) -> list[Inbound]:
        if step.replays is not None:
            return self._messages(self._scenario.steps[step.replays - 1], step.replays)
        principal = self._principal(step)
        return [
            Inbound(
                thread_id=f"thr_{principal.id}_{step.thread}",
                message_id=f"msg_{number}_{part}",
                principal=principal,
                text=text,
            )
            for part, text in enumerate(step.messages, start=1)
        ]

    def _principal(self, step: Step) -> Principal:
        who = step.who or self._scenario.who
        return Principal(who, ROLES[who[:3]])

    async def _streamed(self, turn_id: str) -> str:
        said = ""
        async for event in self._turns.events(turn_id):
            if event.kind == "restart":
                said = ""
            elif event.kind == "token":
                said += event.payload["text"]
        return said

    async def _over(self, turn_id: str) -> None:
        """Until memory has learned of the turn, which is after the reply."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._turns.store.turn(turn_id).status != TurnStatus.DONE:
                await asyncio.sleep(LOOK_SECONDS)
