from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from agent.turns.models import Inbound
from api.containers import build
from commerce.inventory.models import Wanted
from demo.generator.rooms import SetClock
from evals.faults.conversations import STORIES
from evals.faults.forked_process import ChildFailed, finished, forked
from evals.faults.invariants import Finding, Outcome, differences, faults, strays, undelivered
from evals.faults.kill_points import CHARGED, CHARGING, COMMIT, COMMITTED, Fuse, Point
from evals.faults.relay_kills import APPENDED, Relaying
from evals.faults.shop import furnish, welcome
from evals.faults.turn_kills import Case, Theatre
from foundation.auth import Principal, Role
from foundation.clock import system_clock
from foundation.money import Money
from foundation.settings import Settings

VAR = Path(__file__).parents[2] / "var"
"""Its models are kept between runs."""
STORY = {story.name: story for story in STORIES}
BUYING = ("accepted", "claimed", "model:0", CHARGING, CHARGED, "performed", "tool", "answered")
ANA, PRICE = "cus_ana", Money(5_00)

pytestmark = [pytest.mark.slow, pytest.mark.kills]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(system_clock())


@pytest.fixture
def shop(live_settings: Settings) -> Settings:
    settings = live_settings.model_copy(update={"var": VAR})
    furnish(settings)
    return settings


@pytest.fixture
def theatre(shop: Settings, clock: SetClock) -> Theatre:
    return Theatre(shop, clock=clock)


class TestKills:
    def test_a_purchase_killed_at_any_step_is_made_once_and_answered(self, theatre: Theatre) -> None:
        outcome, rehearsal = Outcome(), theatre.rehearse(STORY["membership"])

        for step in BUYING:
            case = Case(STORY["membership"], Point(step, 1), again=None, is_overnight=step == CHARGED)
            theatre.play(case, rehearsal, outcome)

        assert outcome.findings == []
        assert outcome.kills == Counter(BUYING)
        assert theatre.inspect() == []

    @pytest.mark.parametrize("name", ["checkout", "upgrade"])
    def test_order_and_upgrade_killed_after_their_charge_are_booked_once(
        self, theatre: Theatre, name: str
    ) -> None:
        outcome, rehearsal = Outcome(), theatre.rehearse(STORY[name])

        theatre.play(Case(STORY[name], Point(CHARGED, 1), again=None), rehearsal, outcome)

        assert outcome == Outcome(Counter({CHARGED: 1}), [])
        assert theatre.inspect() == []

    def test_whoever_goes_on_may_be_killed_too(self, theatre: Theatre) -> None:
        outcome, rehearsal = Outcome(), theatre.rehearse(STORY["raffle"])

        for first, second in ((CHARGED, "performed"), ("performed", "tool")):
            theatre.play(Case(STORY["raffle"], Point(first, 1), Point(second, 1)), rehearsal, outcome)

        assert outcome.findings == []
        assert outcome.kills.total() == 4

    def test_a_note_killed_just_before_or_after_it_is_committed_is_made_once(self, theatre: Theatre) -> None:
        outcome, rehearsal = Outcome(), theatre.rehearse(STORY["note"])
        after = rehearsal.points.index(Point("performed", 1))

        for point in rehearsal.points[after - 2 : after]:
            theatre.play(Case(STORY["note"], point, again=None), rehearsal, outcome)

        assert outcome.findings == []
        assert outcome.kills == {COMMIT: 1, COMMITTED: 1}

    def test_relays_killed_half_way_deliver_every_event_once(
        self, theatre: Theatre, shop: Settings, clock: SetClock
    ) -> None:
        theatre.rehearse(STORY["raffle"])
        outcome = Outcome()

        Relaying(shop, clock=clock).kill_all(outcome, points=[Point(APPENDED, 1), Point(COMMIT, 1)])

        assert outcome == Outcome(Counter({APPENDED: 1, COMMIT: 1}), [])


class TestAudit:
    def test_more_of_an_effect_or_less_of_an_event_is_found(self) -> None:
        found = differences(
            {"memberships": 2, "event of memberships": 0}, {"memberships": 1, "event of memberships": 1}
        )

        assert list(found) == [
            Finding("lost_events", "event of memberships: 0 instead of 1"),
            Finding("double_effects", "memberships: 2 instead of 1"),
        ]

    def test_a_message_that_nobody_answered_is_found(self, shop: Settings, clock: SetClock) -> None:
        house = build(shop, clock=clock)
        house.turns.store.accept(Inbound("thr_ana", "msg_1", Principal(ANA, Role.CUSTOMER), "hello"))

        found = [finding.kind for finding in faults(house.ledger, ANA)]

        house.close()
        assert found == ["lost_messages", "unfinished_turns"]

    def test_money_that_bought_nothing_is_found(self, shop: Settings, clock: SetClock) -> None:
        house = build(shop, clock=clock)
        welcome(house, ANA)
        house.payments.charge(ANA, amount=PRICE, description="nothing", key="key_nothing")

        found = list(faults(house.ledger, ANA))

        house.close()
        assert found == [
            Finding("double_effects", "cents charged: 500 instead of 0"),
            Finding("lost_effects", "0 payments are open, 1 paid for nothing"),
        ]

    def test_piece_that_left_the_shelf_without_an_order_is_found(
        self, shop: Settings, clock: SetClock
    ) -> None:
        house = build(shop, clock=clock)
        product = house.services.inventory.find("prd_0")
        house.services.inventory.reserve([Wanted(product, 1)], key="k1", until=clock() + timedelta(hours=1))
        house.services.inventory.confirm("k1")

        found = list(strays(house.ledger))

        house.close()
        assert found == [Finding("double_effects", "pieces of prd_0 off the shelf: 1 instead of 0")]

    def test_an_event_that_has_not_arrived_is_found(self, shop: Settings, clock: SetClock) -> None:
        house = build(shop, clock=clock)
        house.warehouse.ensure()
        welcome(house, ANA)

        found = [finding.kind for finding in undelivered(house.ledger, house.warehouse)]

        house.close()
        assert found == ["lost_events"]


class TestForks:
    def test_a_process_ends_at_the_armed_point_and_not_before(self) -> None:
        def work() -> str:
            fuse = Fuse()
            fuse.arm(Point("here", 2))
            fuse("here")
            fuse("there")
            return "alive"

        def doomed() -> str:
            fuse = Fuse()
            fuse.arm(Point("here", 2))
            fuse("here")
            fuse("here")
            return "alive"

        assert (forked(work).told, forked(work).was_killed) == ("alive", False)
        assert (forked(doomed).told, forked(doomed).was_killed) == (None, True)

    def test_a_bug_is_not_taken_for_a_kill(self) -> None:
        def broken() -> str:
            raise ValueError("a bug")

        with pytest.raises(ChildFailed):
            forked(broken)

    def test_what_the_work_returned_comes_back(self) -> None:
        assert finished(lambda: [1, 2]) == [1, 2]
