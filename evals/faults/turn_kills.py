"""Kill the process of a turn at every kill point, resume the turn in another, and repeat the message."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import count

import numpy as np

from agent.turns.models import Inbound, Reply
from api.containers.container import Container, build_container
from api.containers.overrides import AgentOverrides, CommerceOverrides, Overrides
from api.entrypoints.unfinished_turns import finish_turns
from demo.generator.services import SetClock
from evals.faults.conversations import CONVERSATIONS, Conversation
from evals.faults.forked_process import run_forked, run_forked_to_end
from evals.faults.invariants import (
    EffectCounts,
    Finding,
    Outcome,
    count_effects,
    customer_violations,
    differences,
    shop_violations,
    unanswered,
)
from evals.faults.kill_points import (
    CHARGING,
    STATEMENT,
    FaultInjectingGateway,
    FaultInjector,
    KillPoint,
    instrument_database,
)
from evals.faults.shop import register_customer
from foundation.auth import Principal, Role
from foundation.clock import Calendar
from foundation.settings import Settings

ACCEPTED = KillPoint("accepted", 1)
PAST_THE_LEASE = timedelta(minutes=1)
EARLIER_BY = timedelta(days=10)
"""How long ago the customer registered and sent the messages in `earlier`."""
REPLY_TIMEOUT_SECONDS = 30.0
MIN_STATEMENT_KILLS = 30
"""At least as many kills are at SQL statements."""
SECOND_KILL_EVERY = 4
"""In every n-th case the resuming process is killed too."""
OVERNIGHT_EVERY = 3
"""In every n-th case the turn is resumed on the next day."""
NOON, LAST_MINUTE = time(12), time(23, 59, 30)


@dataclass(frozen=True)
class Baseline:
    """How a conversation ends without kills."""

    points: Sequence[KillPoint]
    effects: EffectCounts
    reply: Reply

    def has_accepted_by(self, point: KillPoint) -> bool:
        """Whether the client has its acknowledgement by then."""
        return self.points.index(ACCEPTED) <= self.points.index(point)

    def has_charged_by(self, point: KillPoint) -> bool:
        """Whether the outcome no longer depends on the day: once charging began, its terms hold."""
        charging = KillPoint(CHARGING, 1)
        return charging not in self.points or self.points.index(charging) <= self.points.index(point)


@dataclass(frozen=True)
class KillCase:
    conversation: Conversation
    point: KillPoint
    again: KillPoint | None
    """Where the first resuming process is killed too."""
    is_overnight: bool = False

    def __str__(self) -> str:
        then = f", then at {self.again}" if self.again else ""
        overnight = ", overnight" if self.is_overnight else ""
        return f"{self.conversation.name} killed at {self.point}{then}{overnight}"


class TurnKillRunner:
    """Runs conversations in forked processes. The parent opens no connection, so that none is shared."""

    def __init__(self, settings: Settings, *, clock: SetClock) -> None:
        self._injector = FaultInjector()
        self._clock = clock
        overrides = Overrides(
            clock=self._clock,
            commerce=CommerceOverrides(gateway=lambda usual: FaultInjectingGateway(usual, self._injector)),
            agent=AgentOverrides(on_step=self._injector),
        )
        self._container = build_container(settings, overrides)
        self._container.agent()  # built once, before the forks
        self._numbers = count(1)

    def measure_baseline(self, conversation: Conversation) -> Baseline:
        """Run the conversation without kills.

        Raises:
            ValueError: it has not the expected effects.
        """
        run = self._new_run(conversation)
        baseline = run_forked_to_end(run.measure_baseline)
        for name, number in conversation.expected_counts.items():
            if baseline.effects[name] != number:
                raise ValueError(f"{conversation.name}: {baseline.effects[name]} {name} instead of {number}")
        return baseline

    def run_case(self, case: KillCase, baseline: Baseline, outcome: Outcome) -> None:
        run = self._new_run(case.conversation)
        self._clock.now = _next_at(
            LAST_MINUTE if case.is_overnight else NOON, self._container.infrastructure.calendar
        )
        if run_forked(lambda: run.start(case.point)).was_killed:
            outcome.kills[case.point.name] += 1
        self._clock.now += PAST_THE_LEASE
        if (again := case.again) is not None:
            if run_forked(lambda: run.resume(again)).was_killed:
                outcome.kills[f"{again.name}, resuming"] += 1
            self._clock.now += PAST_THE_LEASE
        found = run_forked_to_end(
            lambda: run.finish(baseline, was_accepted=baseline.has_accepted_by(case.point))
        )
        outcome.findings += [Finding(each.kind, f"{case}: {each.text}") for each in found]
        self._clock.now += PAST_THE_LEASE

    def inspect(self) -> list[Finding]:
        """Violations across the shop after all cases."""
        return run_forked_to_end(lambda: list(shop_violations(self._container.infrastructure.ledger)))

    def _new_run(self, conversation: Conversation) -> "_CustomerRun":
        return _CustomerRun(self._container, self._injector, self._clock, conversation, next(self._numbers))


@dataclass(frozen=True)
class _CustomerRun:
    """One customer's conversation; each method runs in its own process."""

    container: Container
    injector: FaultInjector
    clock: SetClock
    conversation: Conversation
    number: int

    @property
    def customer_id(self) -> str:
        return f"cus_{self.number}"

    def measure_baseline(self) -> Baseline:
        reply = self.start(None)
        points = tuple(self.injector.passed)
        return Baseline(points, count_effects(self.container.infrastructure.ledger, self.customer_id), reply)

    def start(self, point: KillPoint | None) -> Reply:
        instrument_database(self.injector)
        today = self.clock.now
        self.clock.now -= EARLIER_BY
        register_customer(self.container, self.customer_id)

        async def converse() -> Reply:
            last = len(self.conversation.messages) - 1
            for number in range(last):
                self.clock.now = today - EARLIER_BY if number < len(self.conversation.earlier) else today
                await self._send(number)
            self.clock.now = today
            self.injector.arm(point)
            return await self._send(last)

        return asyncio.run(converse())

    def resume(self, point: KillPoint) -> bool:
        """Resume lapsed turns as the scheduler and the worker do."""
        instrument_database(self.injector)
        self.injector.arm(point)
        asyncio.run(finish_turns(self.container, self.container.agent().turns.store.lapsed()))
        return True

    def finish(self, baseline: Baseline, *, was_accepted: bool) -> list[Finding]:
        """Resume the turn to its end, send the message again, and check every invariant."""
        return asyncio.run(self._finish(baseline, was_accepted=was_accepted))

    async def _finish(self, baseline: Baseline, *, was_accepted: bool) -> list[Finding]:
        container = self.container
        await finish_turns(container, container.agent().turns.store.lapsed())
        found = [
            Finding("lost_messages", f"{message_id} was accepted and not answered")
            for message_id in unanswered(container.infrastructure.ledger, self.customer_id)
        ]
        is_known = (
            count_effects(container.infrastructure.ledger, self.customer_id)["turns"]
            == baseline.effects["turns"]
        )
        if was_accepted and not is_known:
            found.append(Finding("lost_messages", "the message was accepted and lost"))
        last = len(self.conversation.messages) - 1
        reply, again = await self._send(last), await self._send(last)
        if reply != again:
            found.append(Finding("lost_messages", "the repeated message has another reply"))
        if reply.failed or (reply.confirmation is None) != (baseline.reply.confirmation is None):
            found.append(Finding("lost_messages", f"the reply is {reply.text!r}"))
        if container.commerce.payments.service.reconciliation.run():
            found.append(Finding("lost_effects", "a payment was open"))
        if container.commerce.checkout.service.finish_pending():
            found.append(Finding("lost_effects", "an order was open"))
        found += differences(
            count_effects(container.infrastructure.ledger, self.customer_id), baseline.effects
        )
        found += customer_violations(container.infrastructure.ledger, self.customer_id)
        return found

    async def _send(self, number: int) -> Reply:
        """Send the message and wait until its turn is done."""
        turns, text = self.container.agent().turns, self.conversation.messages[number]
        principal = Principal(self.customer_id, Role.CUSTOMER)
        message = Inbound(f"thr_{self.number}", f"msg_{number}", principal, text)
        receipt = await turns.start(message)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others)
        reply = await turns.reply(receipt.turn_id, timeout_seconds=REPLY_TIMEOUT_SECONDS)
        if reply is None:
            raise TimeoutError(f"{self.conversation.name}: no reply to {text!r}")
        return reply


def run_all(runner: TurnKillRunner, outcome: Outcome, *, kills: int, seed: int) -> None:
    """Each named point of each conversation, then SQL statements: a minimum, and until `kills` is reached."""
    draws = np.random.default_rng(seed)
    baselines = {conversation.name: runner.measure_baseline(conversation) for conversation in CONVERSATIONS}
    named, statements = _cases(baselines, draws)
    for case in named:
        runner.run_case(case, baselines[case.conversation.name], outcome)
    for number, case in enumerate(statements):
        if number >= MIN_STATEMENT_KILLS and outcome.kills.total() >= kills:
            break
        runner.run_case(case, baselines[case.conversation.name], outcome)
    outcome.findings += runner.inspect()


def _cases(
    baselines: Mapping[str, Baseline], draws: np.random.Generator
) -> tuple[Sequence[KillCase], Sequence[KillCase]]:
    """Cases at named points in order, and cases at statements in random order."""
    passed = [
        (conversation, point)
        for conversation in CONVERSATIONS
        for point in baselines[conversation.name].points
    ]
    cases = [
        KillCase(
            conversation,
            point,
            again=None if number % SECOND_KILL_EVERY else _early_point(baselines[conversation.name], draws),
            is_overnight=number % OVERNIGHT_EVERY == 0 and baselines[conversation.name].has_charged_by(point),
        )
        for number, (conversation, point) in enumerate(passed)
    ]
    named = [case for case in cases if case.point.name != STATEMENT]
    statements = [case for case in cases if case.point.name == STATEMENT]
    return named, [statements[place] for place in draws.permutation(len(statements))]


def _early_point(baseline: Baseline, draws: np.random.Generator) -> KillPoint:
    """A resuming process has less to do: only points of the first half are sure to be reached."""
    return baseline.points[int(draws.integers(len(baseline.points) // 2))]


def _next_at(at: time, calendar: Calendar) -> datetime:
    """The next moment with that time of day in the shop's time zone."""
    now = calendar.now().astimezone(calendar.zone)
    today = now.replace(hour=at.hour, minute=at.minute, second=at.second, microsecond=0)
    return (today if today >= now else today + timedelta(days=1)).astimezone(UTC)
