"""A simulated customer that follows a scenario and records the result of each step."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from agent.service import Turns
from agent.turns.models import Inbound, Receipt, Reply, TurnStatus
from evals.scenario import Scenario, Step
from evals.shop_template import ShopCopy
from foundation.auth import Principal, Role

REPLY_TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.002
ROLES = {"cus": Role.CUSTOMER, "gst": Role.GUEST, "stf": Role.STAFF, "adm": Role.ADMIN}


class NoReply(Exception):
    """A turn did not end in time."""


@dataclass(frozen=True)
class StepResult:
    """Receipts and reply of one step."""

    step: Step
    receipts: Sequence[Receipt]
    """One for each message and delivery."""
    reply: Reply
    streamed: str
    """The reply as streamed, without the pieces that a restart withdrew."""
    seconds: float

    @property
    def is_replay(self) -> bool:
        return all(receipt.is_replay for receipt in self.receipts)


class ScriptedCustomer:
    def __init__(self, copy: ShopCopy, scenario: Scenario) -> None:
        self._copy = copy
        self._scenario = scenario
        self._turns: Turns = copy.container.agent().turns
        self._results: list[StepResult] = []

    async def run(self) -> list[StepResult]:
        """Run the steps in order; each turn is done, and learned by memory, before the next step."""
        for number, step in enumerate(self._scenario.steps, start=1):
            self._copy.clock.now += timedelta(minutes=step.minutes_later)
            started = time.perf_counter()
            receipts = await self._send(step, number)
            reply = await self._turns.reply(receipts[-1].turn_id, timeout_seconds=REPLY_TIMEOUT_SECONDS)
            seconds = time.perf_counter() - started
            if reply is None:
                raise NoReply(f"{self._scenario.name}, step {number}: no reply")
            streamed = await self._streamed(reply.turn_id)
            await self._await_learning(reply.turn_id)
            self._results.append(StepResult(step, receipts, reply, streamed, seconds))
        return self._results

    async def _send(self, step: Step, number: int) -> list[Receipt]:
        if step.press is not None:
            return await self._press_button(step)
        messages = self._messages(step, number)
        if len(messages) > 1:
            return await self._burst(messages)
        starts = (self._turns.start(messages[0]) for _ in range(step.deliveries))
        return list(await asyncio.gather(*starts))

    async def _burst(self, messages: Sequence[Inbound]) -> list[Receipt]:
        """Accept all messages before a turn can begin with the first."""
        store = self._turns.store
        with store.ledger.transaction():
            receipts = [store.accept(inbound) for inbound in messages]
        await self._turns.drain(messages[0].thread_id)
        return receipts

    async def _press_button(self, step: Step) -> list[Receipt]:
        asked = next((p.reply.confirmation for p in reversed(self._results) if p.reply.confirmation), None)
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

    async def _await_learning(self, turn_id: str) -> None:
        """Wait until memory has learned the turn, which happens after the reply."""
        async with asyncio.timeout(REPLY_TIMEOUT_SECONDS):
            while self._turns.store.turn(turn_id).status != TurnStatus.DONE:
                await asyncio.sleep(POLL_SECONDS)
