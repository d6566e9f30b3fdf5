"""Some scenarios run here one by one; the suite `scenarios` runs all of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.__main__ import main
from evals.graders import Failure
from evals.scenario import HOME, Outcome, Scenario, ScenarioError, Step, load, scenarios
from evals.shop_template import ShopTemplate, open_shop_template
from evals.suites.scenarios import ScenarioRun, report, run_scenario

VAR = Path(__file__).parents[2] / "var"
GOLD = Scenario(name="gold", subject="tests", who="cus_demo", steps=(Step(say="make me a gold member"),))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template() -> Iterator[ShopTemplate]:
    with open_shop_template(customers=10) as opened:
        yield opened


def found(name: str) -> Scenario:
    return next(each for each in scenarios() if each.name == name)


class TestPlay:
    @pytest.mark.parametrize(
        "name",
        [
            "sleep-then-gold-then-remembered",
            "no-silver",
            "plain-no",
            "button-pressed-twice-at-once",
            "yes-delivered-three-times-at-once",
            "nobody-elses-memory",
            "card-number",
            "tickets-with-a-declined-card",
        ],
    )
    def test_conversation_ends_as_it_must(self, template: ShopTemplate, name: str) -> None:
        assert run_scenario(template, found(name)).failures == []

    def test_undeclared_question_is_found_in_reply_and_ledger(self, template: ShopTemplate) -> None:
        kinds = [failure.kind for failure in run_scenario(template, GOLD).failures]

        assert kinds == ["reply", "unexpected"]

    def test_every_conversation_begins_in_the_same_shop(self, template: ShopTemplate) -> None:
        joined = found("yes-delivered-again")

        scenario_runs = [run_scenario(template, joined) for _ in range(2)]

        assert [each.failures for each in scenario_runs] == [[], []]

    def test_missing_button_is_a_failure(self, template: ShopTemplate) -> None:
        pressed = Scenario(name="p", subject="tests", who="cus_demo", steps=(Step(press="confirm"),))

        (failure,) = run_scenario(template, pressed).failures

        assert "there is no button to press" in failure.text


class TestFiles:
    def test_there_are_enough_of_them_to_mean_something(self) -> None:
        assert len(scenarios()) >= 60

    def test_customer_of_a_shared_outcome_is_the_scenarios(self) -> None:
        (row,) = found("yes-twice").new["memberships"]

        assert row["customer_id"] == "cus_demo"

    def test_misspelt_expectation_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "typo.toml"
        path.write_text(
            '[[scenario]]\nname = "x"\nwho = "cus_1"\n[[scenario.step]]\nsay = "hi"\ncontain = ["x"]\n'
        )

        with pytest.raises(ScenarioError, match=r"typo\.toml: steps\.0\.contain: "):
            load(path, outcomes={})

    def test_unknown_outcome_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "lost.toml"
        path.write_text(
            '[[scenario]]\nname = "x"\nwho = "cus_1"\nends = ["riches"]\nstep = [{ say = "hi" }]\n'
        )

        with pytest.raises(ScenarioError, match="there is no riches"):
            load(path, outcomes={"rags": Outcome()})

    def test_broken_file_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.toml"
        path.write_text("[[scenario]\n")

        with pytest.raises(ScenarioError, match=r"broken\.toml"):
            load(path, outcomes={})

    def test_every_file_has_scenarios(self) -> None:
        subjects = {path.stem for path in HOME.glob("*.toml")} - {"outcomes"}

        assert {each.subject for each in scenarios()} == subjects


class TestReport:
    def test_scenario_that_failed_once_did_not_pass(self) -> None:
        other = GOLD.model_copy(update={"name": "other"})
        wrong = Failure("ungrounded", "step 1 says the price $1")
        scenario_runs = [ScenarioRun(each, [], [0.1]) for each in (GOLD, other, GOLD)] + [
            ScenarioRun(other, [wrong], [0.3])
        ]

        made = report([GOLD, other], scenario_runs, runs=2)

        assert (made.figures["pass_rate"], made.figures["pass_all_runs"]) == (0.75, 0.5)
        assert (made.figures["ungrounded"], made.held) == (1, False)
        assert made.notes == ["tests/other: ungrounded: step 1 says the price $1"]

    def test_suite_prints_one_object_and_fails_when_too_little_was_played(
        self, capfd: pytest.CaptureFixture[str]
    ) -> None:
        code = main(
            ["scenarios", "--json", "--runs", "1", "--customers", "10", "--only", "people/small-talk"]
        )

        printed = json.loads(capfd.readouterr().out)
        assert (code, printed["figures"]["pass_rate"], printed["figures"]["scenarios"]) == (1, 1, 1)
