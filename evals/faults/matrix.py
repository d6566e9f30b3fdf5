"""Turn processes killed at every point that a turn passes; others go on, and the customer asks again."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import count

import numpy as np

from agent.state import Inbound, Reply
from api.bootstrap import House, Spares, build, load_brain
from api.jobs.work import finish_turns
from evals.faults.audit import Ending, Finding, Outcome, differences, ending, faults, strays, unanswered
from evals.faults.forks import finished, forked
from evals.faults.fuse import CHARGING, STATEMENT, Fuse, FusedGateway, Point, lay_along
from evals.faults.shop import welcome
from evals.faults.stories import STORIES, Story
from evals.generator.rooms import SetClock
from foundation.auth import Principal, Role
from foundation.clock import Calendar
from foundation.settings import Settings

ACCEPTED = Point("accepted", 1)
LEASE_IS_OVER = timedelta(minutes=1)
PATIENCE_SECONDS = 30.0
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
        act = _Act(self._house, self._fuse, story, next(self._numbers))
        rehearsal = finished(act.rehearse)
        for thing, number in story.comes_of_it.items():
            if rehearsal.ending[thing] != number:
                raise ValueError(f"{story.name}: {rehearsal.ending[thing]} {thing} instead of {number}")
        return rehearsal

    def play(self, case: Case, rehearsal: Rehearsal, outcome: Outcome) -> None:
        act = _Act(self._house, self._fuse, case.story, next(self._numbers))
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


@dataclass(frozen=True)
class _Act:
    """One customer's story; each method runs in a process of its own."""

    house: House
    fuse: Fuse
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
        welcome(self.house, self.customer_id)

        async def talk() -> Reply:
            for text in self.story.before:
                await self._say(text)
            self.fuse.arm(point)
            return await self._say(self.story.message)

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
        reply, again = await self._say(self.story.message), await self._say(self.story.message)
        if reply != again:
            found.append(Finding("lost_messages", "asked twice, it answers differently"))
        if reply.failed or (reply.confirmation is None) != (rehearsal.reply.confirmation is None):
            found.append(Finding("lost_messages", f"the answer is {reply.text!r}"))
        if house.payments.reconcile():
            found.append(Finding("lost_effects", "a payment was left open"))
        found += differences(ending(house.ledger, self.customer_id), rehearsal.ending)
        found += faults(house.ledger, self.customer_id)
        return found

    async def _say(self, text: str) -> Reply:
        """Until the answer is there and the turn is done."""
        turns = self.house.turns
        receipt = await turns.start(self._message(text))
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others)
        reply = await turns.reply(receipt.turn_id, timeout_seconds=PATIENCE_SECONDS)
        if reply is None:
            raise TimeoutError(f"{self.story.name}: no reply to {text!r}")
        return reply

    def _message(self, text: str) -> Inbound:
        principal = Principal(self.customer_id, Role.CUSTOMER)
        return Inbound(f"thr_{self.number}", f"msg_{text}", principal, text)


def play_all(theatre: Theatre, outcome: Outcome, *, kills: int, seed: int) -> None:
    """Every named point of every story, and statements besides until there were so many kills."""
    draws = np.random.default_rng(seed)
    rehearsals = {story.name: theatre.rehearse(story) for story in STORIES}
    named, statements = _cases(rehearsals, draws)
    for case in named:
        theatre.play(case, rehearsals[case.story.name], outcome)
    for case in statements:
        if outcome.kills.total() >= kills:
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
