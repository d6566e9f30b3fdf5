from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from agent.turns.models import Inbound
from api.containers.container import build_container
from api.containers.overrides import Overrides
from commerce.inventory.models import Wanted
from demo.generator.services import SetClock
from evals.faults.conversations import CONVERSATIONS
from evals.faults.forked_process import ChildFailed, run_forked, run_forked_to_end
from evals.faults.invariants import (
    Finding,
    Outcome,
    customer_violations,
    delivery_violations,
    differences,
    shop_violations,
)
from evals.faults.kill_points import CHARGED, CHARGING, COMMIT, COMMITTED, FaultInjector, KillPoint
from evals.faults.relay_kills import APPENDED, RelayKillRunner
from evals.faults.shop import register_customer, seed_shop
from evals.faults.turn_kills import KillCase, TurnKillRunner
from foundation.auth import Principal, Role
from foundation.clock import system_clock
from foundation.money import Money
from foundation.settings import Settings

VAR = Path(__file__).parents[2] / "var"
"""Its exported models are reused between runs."""
CONVERSATION = {conversation.name: conversation for conversation in CONVERSATIONS}
BUYING = ("accepted", "claimed", "model:0", CHARGING, CHARGED, "performed", "tool", "answered")
ANA, PRICE = "cus_ana", Money(5_00)

pytestmark = [pytest.mark.slow, pytest.mark.kills]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(system_clock())


@pytest.fixture
def shop(live_settings: Settings) -> Settings:
    settings = live_settings.model_copy(update={"var": VAR})
    seed_shop(settings)
    return settings


@pytest.fixture
def runner(shop: Settings, clock: SetClock) -> TurnKillRunner:
    return TurnKillRunner(shop, clock=clock)


class TestKills:
    def test_a_purchase_killed_at_any_step_is_made_once_and_answered(self, runner: TurnKillRunner) -> None:
        outcome, baseline = Outcome(), runner.measure_baseline(CONVERSATION["membership"])

        for step in BUYING:
            case = KillCase(
                CONVERSATION["membership"], KillPoint(step, 1), again=None, is_overnight=step == CHARGED
            )
            runner.run_case(case, baseline, outcome)

        assert outcome.findings == []
        assert outcome.kills == Counter(BUYING)
        assert runner.inspect() == []

    @pytest.mark.parametrize("name", ["checkout", "upgrade"])
    def test_order_and_upgrade_killed_after_their_charge_are_booked_once(
        self, runner: TurnKillRunner, name: str
    ) -> None:
        outcome, baseline = Outcome(), runner.measure_baseline(CONVERSATION[name])

        runner.run_case(KillCase(CONVERSATION[name], KillPoint(CHARGED, 1), again=None), baseline, outcome)

        assert outcome == Outcome(Counter({CHARGED: 1}), [])
        assert runner.inspect() == []

    def test_a_resuming_process_may_be_killed_too(self, runner: TurnKillRunner) -> None:
        outcome, baseline = Outcome(), runner.measure_baseline(CONVERSATION["raffle"])

        for first, second in ((CHARGED, "performed"), ("performed", "tool")):
            runner.run_case(
                KillCase(CONVERSATION["raffle"], KillPoint(first, 1), KillPoint(second, 1)), baseline, outcome
            )

        assert outcome.findings == []
        assert outcome.kills.total() == 4

    def test_a_note_killed_just_before_or_after_it_is_committed_is_made_once(
        self, runner: TurnKillRunner
    ) -> None:
        outcome, baseline = Outcome(), runner.measure_baseline(CONVERSATION["note"])
        after = baseline.points.index(KillPoint("performed", 1))

        for point in baseline.points[after - 2 : after]:
            runner.run_case(KillCase(CONVERSATION["note"], point, again=None), baseline, outcome)

        assert outcome.findings == []
        assert outcome.kills == {COMMIT: 1, COMMITTED: 1}

    def test_relays_killed_half_way_deliver_every_event_once(
        self, runner: TurnKillRunner, shop: Settings, clock: SetClock
    ) -> None:
        runner.measure_baseline(CONVERSATION["raffle"])
        outcome = Outcome()

        RelayKillRunner(shop, clock=clock).run(outcome, points=[KillPoint(APPENDED, 1), KillPoint(COMMIT, 1)])

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
        container = build_container(shop, Overrides(clock=clock))
        container.agent().turns.store.accept(
            Inbound("thr_ana", "msg_1", Principal(ANA, Role.CUSTOMER), "hello")
        )

        found = [finding.kind for finding in customer_violations(container.infrastructure.ledger, ANA)]

        container.close()
        assert found == ["lost_messages", "unfinished_turns"]

    def test_money_that_bought_nothing_is_found(self, shop: Settings, clock: SetClock) -> None:
        container = build_container(shop, Overrides(clock=clock))
        register_customer(container, ANA)
        container.commerce.payments.service.charges.charge(
            ANA, amount=PRICE, description="nothing", key="key_nothing"
        )

        found = list(customer_violations(container.infrastructure.ledger, ANA))

        container.close()
        assert found == [
            Finding("double_effects", "cents charged: 500 instead of 0"),
            Finding("lost_effects", "0 payments are open, 1 bought nothing"),
        ]

    def test_unit_sold_without_an_order_is_found(self, shop: Settings, clock: SetClock) -> None:
        container = build_container(shop, Overrides(clock=clock))
        product = container.commerce.inventory.find("prd_0")
        container.commerce.inventory.reserve(
            [Wanted(product, 1)], key="k1", until=clock() + timedelta(hours=1)
        )
        container.commerce.inventory.confirm("k1")

        found = list(shop_violations(container.infrastructure.ledger))

        container.close()
        assert found == [Finding("double_effects", "units of prd_0 sold: 1 instead of 0")]

    def test_an_event_that_has_not_arrived_is_found(self, shop: Settings, clock: SetClock) -> None:
        container = build_container(shop, Overrides(clock=clock))
        container.infrastructure.warehouse.ensure()
        register_customer(container, ANA)

        found = [
            finding.kind
            for finding in delivery_violations(
                container.infrastructure.ledger, container.infrastructure.warehouse
            )
        ]

        container.close()
        assert found == ["lost_events"]


class TestForks:
    def test_a_process_ends_at_the_armed_point_and_not_before(self) -> None:
        def work() -> str:
            injector = FaultInjector()
            injector.arm(KillPoint("here", 2))
            injector("here")
            injector("there")
            return "alive"

        def doomed() -> str:
            injector = FaultInjector()
            injector.arm(KillPoint("here", 2))
            injector("here")
            injector("here")
            return "alive"

        assert (run_forked(work).value, run_forked(work).was_killed) == ("alive", False)
        assert (run_forked(doomed).value, run_forked(doomed).was_killed) == (None, True)

    def test_a_bug_is_not_taken_for_a_kill(self) -> None:
        def broken() -> str:
            raise ValueError("a bug")

        with pytest.raises(ChildFailed):
            run_forked(broken)

    def test_what_the_work_returned_comes_back(self) -> None:
        assert run_forked_to_end(lambda: [1, 2]) == [1, 2]
