"""Turn processes killed at every point that a turn passes; others go on, and the customer asks again."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import count

import numpy as np

from agent.turns.models import Inbound, Reply
from api.containers import House, Spares, build, load_brain
from api.entrypoints.worker import finish_turns
from demo.generator.rooms import SetClock
from evals.faults.conversations import STORIES, Story
from evals.faults.forked_process import finished, forked
from evals.faults.invariants import Ending, Finding, Outcome, differences, ending, faults, strays, unanswered
from evals.faults.kill_points import CHARGING, STATEMENT, Fuse, FusedGateway, Point, lay_along
from evals.faults.shop import welcome
from foundation.auth import Principal, Role
from foundation.clock import Calendar
from foundation.settings import Settings

ACCEPTED = Point("accepted", 1)
LEASE_IS_OVER = timedelta(minutes=1)
EARLIER = timedelta(days=10)
"""So long ago the customer came to the shop, and said what they said earlier."""
PATIENCE_SECONDS = 30.0
STATEMENTS = 30
"""So many are struck at least."""
KILLED_AGAIN = 4
"""Each so many-th time the process that goes on is killed too."""
OVERNIGHT = 3
"""Each so many-th time it is another day when somebody goes on."""
NOON, LAST_MINUTE = time(12), time(23, 59, 30)


@dataclass(frozen=True)
class Rehearsal:
    """How a story goes when nobody is killed."""

    points: Sequence[Point]
    ending: Ending
    reply: Reply

    def has_accepted_by(self, point: Point) -> bool:
        """Whether the door has told the customer by then that the message is safe."""
        return self.points.index(ACCEPTED) <= self.points.index(point)

    def is_begun_by(self, point: Point) -> bool:
        """Whether it no longer depends on the day: terms of yesterday are refused unless the charge is on."""
        begins = Point(CHARGING, 1)
        return begins not in self.points or self.points.index(begins) <= self.points.index(point)


@dataclass(frozen=True)
class Case:
    story: Story
    point: Point
    again: Point | None
    """Where the first process that goes on is killed too."""
    is_overnight: bool = False

    def __str__(self) -> str:
        then = f", then at {self.again}" if self.again else ""
        return f"{self.story.name} killed at {self.point}{then}{', overnight' if self.is_overnight else ''}"


class Theatre:
    """Plays stories in forked processes. This process opens no connection, so that none is shared."""

    def __init__(self, settings: Settings, *, clock: SetClock) -> None:
        self._fuse = Fuse()
        self._clock = clock
        spares = Spares(gateway=lambda gateway: FusedGateway(gateway, self._fuse), on_step=self._fuse)
        brain = load_brain(settings)
        self._house = build(settings, clock=self._clock, brain=brain, spares=spares)
        self._house.turns  # noqa: B018 - made once, before the forks
        self._numbers = count(1)

    def rehearse(self, story: Story) -> Rehearsal:
        """Play it to the end.

        Raises:
            ValueError: when it does not bring about what it should.
        """
        act = self._act(story)
        rehearsal = finished(act.rehearse)
        for thing, number in story.comes_of_it.items():
            if rehearsal.ending[thing] != number:
                raise ValueError(f"{story.name}: {rehearsal.ending[thing]} {thing} instead of {number}")
        return rehearsal

    def play(self, case: Case, rehearsal: Rehearsal, outcome: Outcome) -> None:
        act = self._act(case.story)
        self._clock.now = _next(LAST_MINUTE if case.is_overnight else NOON, self._house.calendar)
        if forked(lambda: act.begin(case.point)).was_killed:
            outcome.kills[case.point.name] += 1
        self._clock.now += LEASE_IS_OVER
        if (again := case.again) is not None:
            if forked(lambda: act.go_on(again)).was_killed:
                outcome.kills[f"{again.name}, going on"] += 1
            self._clock.now += LEASE_IS_OVER
        found = finished(lambda: act.end(rehearsal, was_accepted=rehearsal.has_accepted_by(case.point)))
        outcome.findings += [Finding(each.kind, f"{case}: {each.text}") for each in found]
        self._clock.now += LEASE_IS_OVER

    def inspect(self) -> list[Finding]:
        """What is wrong with the shop after all of it."""
        return finished(lambda: list(strays(self._house.ledger)))

    def _act(self, story: Story) -> "_Act":
        return _Act(self._house, self._fuse, self._clock, story, next(self._numbers))


@dataclass(frozen=True)
class _Act:
    """One customer's story; each method runs in a process of its own."""

    house: House
    fuse: Fuse
    clock: SetClock
    story: Story
    number: int

    @property
    def customer_id(self) -> str:
        return f"cus_{self.number}"

    def rehearse(self) -> Rehearsal:
        reply = self.begin(None)
        points = tuple(self.fuse.passed)
        return Rehearsal(points, ending(self.house.ledger, self.customer_id), reply)

    def begin(self, point: Point | None) -> Reply:
        lay_along(self.fuse)
        today = self.clock.now
        self.clock.now -= EARLIER
        welcome(self.house, self.customer_id)

        async def talk() -> Reply:
            last = len(self.story.said) - 1
            for number in range(last):
                self.clock.now = today - EARLIER if number < len(self.story.earlier) else today
                await self._say(number)
            self.clock.now = today
            self.fuse.arm(point)
            return await self._say(last)

        return asyncio.run(talk())

    def go_on(self, point: Point) -> bool:
        """As the scheduler and the worker do."""
        lay_along(self.fuse)
        self.fuse.arm(point)
        asyncio.run(finish_turns(self.house, self.house.turns.store.lapsed()))
        return True

    def end(self, rehearsal: Rehearsal, *, was_accepted: bool) -> list[Finding]:
        """Go on to the end, ask again as the customer does, and look at what came of it all."""
        return asyncio.run(self._end(rehearsal, was_accepted=was_accepted))

    async def _end(self, rehearsal: Rehearsal, *, was_accepted: bool) -> list[Finding]:
        house = self.house
        await finish_turns(house, house.turns.store.lapsed())
        found = [
            Finding("lost_messages", f"{message_id} was taken in and not answered")
            for message_id in unanswered(house.ledger, self.customer_id)
        ]
        is_known = ending(house.ledger, self.customer_id)["turns"] == rehearsal.ending["turns"]
        if was_accepted and not is_known:
            found.append(Finding("lost_messages", "it was accepted and forgotten"))
        last = len(self.story.said) - 1
        reply, again = await self._say(last), await self._say(last)
        if reply != again:
            found.append(Finding("lost_messages", "asked twice, it answers differently"))
        if reply.failed or (reply.confirmation is None) != (rehearsal.reply.confirmation is None):
            found.append(Finding("lost_messages", f"the answer is {reply.text!r}"))
        if house.payments.reconcile():
            found.append(Finding("lost_effects", "a payment was left open"))
        if house.checkout.finish_pending():
            found.append(Finding("lost_effects", "an order was left open"))
        found += differences(ending(house.ledger, self.customer_id), rehearsal.ending)
        found += faults(house.ledger, self.customer_id)
        return found

    async def _say(self, number: int) -> Reply:
        """Until the answer is there and the turn is done."""
        turns, text = self.house.turns, self.story.said[number]
        principal = Principal(self.customer_id, Role.CUSTOMER)
        message = Inbound(f"thr_{self.number}", f"msg_{number}", principal, text)
        receipt = await turns.start(message)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others)
        reply = await turns.reply(receipt.turn_id, timeout_seconds=PATIENCE_SECONDS)
        if reply is None:
            raise TimeoutError(f"{self.story.name}: no reply to {text!r}")
        return reply


def play_all(theatre: Theatre, outcome: Outcome, *, kills: int, seed: int) -> None:
    """Every named point of every story, and statements besides: some, and until there were so many kills."""
    draws = np.random.default_rng(seed)
    rehearsals = {story.name: theatre.rehearse(story) for story in STORIES}
    named, statements = _cases(rehearsals, draws)
    for case in named:
        theatre.play(case, rehearsals[case.story.name], outcome)
    for number, case in enumerate(statements):
        if number >= STATEMENTS and outcome.kills.total() >= kills:
            break
        theatre.play(case, rehearsals[case.story.name], outcome)
    outcome.findings += theatre.inspect()


def _cases(
    rehearsals: Mapping[str, Rehearsal], draws: np.random.Generator
) -> tuple[Sequence[Case], Sequence[Case]]:
    """Those at named points in their order, and those at statements in a drawn one."""
    passed = [(story, point) for story in STORIES for point in rehearsals[story.name].points]
    cases = [
        Case(
            story,
            point,
            again=None if number % KILLED_AGAIN else _early(rehearsals[story.name], draws),
            is_overnight=number % OVERNIGHT == 0 and rehearsals[story.name].is_begun_by(point),
        )
        for number, (story, point) in enumerate(passed)
    ]
    named = [case for case in cases if case.point.name != STATEMENT]
    statements = [case for case in cases if case.point.name == STATEMENT]
    return named, [statements[place] for place in draws.permutation(len(statements))]


def _early(rehearsal: Rehearsal, draws: np.random.Generator) -> Point:
    """A process that goes on has less to do: it passes the points of the first half."""
    return rehearsal.points[int(draws.integers(len(rehearsal.points) // 2))]


def _next(at: time, calendar: Calendar) -> datetime:
    """When the clock on the shop's wall shows that time."""
    now = calendar.now().astimezone(calendar.zone)
    today = now.replace(hour=at.hour, minute=at.minute, second=at.second, microsecond=0)
    return (today if today >= now else today + timedelta(days=1)).astimezone(UTC)
