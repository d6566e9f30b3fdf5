import io
import json
import math
import sys
from pathlib import Path

import pytest
from rich.console import Console

from evals import suites
from evals.__main__ import main
from evals.report import Figure, Goal, Report


def report(figure: Figure = 0.9, goal: Goal = (">=", 0.8)) -> Report:
    return Report("turns", {"recall": figure}, {"recall": goal}, peers={"bare loop": {"recall": 0.7}})


class TestReport:
    @pytest.mark.parametrize(
        ("figure", "goal", "held"),
        [
            (0.8, (">=", 0.8), True),
            (0.79, (">=", 0.8), False),
            (30.0, ("<=", 30.0), True),
            (30.1, ("<=", 30.0), False),
            (0.0, ("==", 0.0), True),
            (1.0, ("==", 0.0), False),
            (1.0, ("<", 1.0), False),
            (1.1, (">", 1.0), True),
        ],
    )
    def test_goal_holds_by_its_comparison(self, figure: float, goal: Goal, held: bool) -> None:  # noqa: FBT001
        assert report(figure, goal).held is held

    @pytest.mark.parametrize("figure", [None, math.nan, math.inf])
    def test_goal_on_a_figure_that_is_no_number_does_not_hold(self, figure: Figure) -> None:
        assert not report(figure, (">=", 0.0)).held

    def test_goal_without_its_figure_does_not_hold(self) -> None:
        assert not Report("turns", {}, {"recall": (">=", 0.0)}, peers={}).held

    def test_one_missed_goal_is_enough(self) -> None:
        both = Report("turns", {"a": 1.0, "b": 1.0}, {"a": ("==", 1.0), "b": ("==", 2.0)}, peers={})

        assert not both.held

    def test_unknown_comparison_is_a_bug(self) -> None:
        with pytest.raises(ValueError, match="compares by"):
            report(1.0, ("~", 1.0))  # type: ignore[arg-type]

    def test_json_has_the_agreed_shape(self) -> None:
        assert json.loads(report().as_json()) == {
            "suite": "turns",
            "figures": {"recall": 0.9},
            "goals": {"recall": [">=", 0.8]},
            "held": True,
            "peers": {"bare loop": {"recall": 0.7}},
            "seconds": 0.0,
            "notes": [],
        }

    def test_json_says_null_for_what_is_no_number(self) -> None:
        assert json.loads(report(math.nan).as_json())["figures"] == {"recall": None}

    def test_table_shows_figure_goal_and_peer(self) -> None:
        page = io.StringIO()

        report(0.75).show(Console(file=page, width=100))

        text = page.getvalue()
        assert all(part in text for part in ("0.75", ">= 0.8", "bare loop", "0.7", "goals missed"))


SUITE = '''"""Counts words. Nobody needs it."""

import subprocess
import sys

from evals.report import Report


def add_options(parser):
    parser.add_argument("--least", type=float, default=1)


def run(options):
    sys.stdout.write("a chatty suite\\n")
    subprocess.run([sys.executable, "-c", "print('a chatty child')"], check=True)
    return Report("words", {"words": 3.0}, {"words": (">=", options.least)}, peers={})
'''


class TestCommand:
    @pytest.fixture(autouse=True)
    def suite(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "words.py").write_text(SUITE)
        monkeypatch.setattr(suites, "__path__", [str(tmp_path)])
        monkeypatch.delitem(sys.modules, "evals.suites.words", raising=False)

    def test_json_is_alone_on_stdout(self, capfd: pytest.CaptureFixture[str]) -> None:
        status = main(["words", "--json"])

        out, err = capfd.readouterr()
        assert status == 0
        assert json.loads(out)["figures"] == {"words": 3.0}
        assert "a chatty suite" in err
        assert "a chatty child" in err

    def test_missed_goal_is_exit_1(self, capfd: pytest.CaptureFixture[str]) -> None:
        status = main(["words", "--json", "--least", "4"])

        assert status == 1
        assert json.loads(capfd.readouterr().out)["held"] is False

    def test_without_json_a_table_is_printed(self, capfd: pytest.CaptureFixture[str]) -> None:
        status = main(["words"])

        assert status == 0
        assert "every goal held" in capfd.readouterr().out

    def test_seconds_are_measured(self, capfd: pytest.CaptureFixture[str]) -> None:
        main(["words", "--json"])

        assert json.loads(capfd.readouterr().out)["seconds"] > 0

    def test_unknown_suite_names_the_known_ones(self, capfd: pytest.CaptureFixture[str]) -> None:
        status = main(["wrods"])

        out, err = capfd.readouterr()
        assert status == 2
        assert out == ""
        assert "There is no suite wrods." in err
        assert "words" in err

    def test_no_name_lists_the_suites_with_their_sentence(self, capfd: pytest.CaptureFixture[str]) -> None:
        status = main([])

        assert status == 0
        assert "words        Counts words. Nobody needs it." in capfd.readouterr().out
