from collections.abc import Sequence
from pathlib import Path

import pytest

from evals.facts.cases import Case, Turn, read, tried, untried
from evals.facts.evaluation import evaluate, verdict
from evals.facts.reading import open_reader
from evals.facts.synthetic_cases import cases
from foundation.sql import Ledger
from memory.embeddings import load_embedder
from memory.facts.reader import AssertionReader

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reader() -> AssertionReader:
    models = Path(__file__).parents[2] / "var" / "models"
    return open_reader(load_embedder(models), folder=models)


def test_a_few_cases_of_each_kind_are_right(reader: AssertionReader, ledger: Ledger) -> None:
    made = cases()
    kinds = {case.kind for case in made}
    some = [case for kind in sorted(kinds) for case in [each for each in made if each.kind == kind][:4]]

    evaluation = evaluate(some, reader, ledger)

    assert len(made) >= 200
    assert [each.case.id for each in evaluation.verdicts if not each.is_right] == []


@pytest.mark.parametrize(("cases", "least", "most_wrong"), [(tried(), 160, 2), (untried(), 26, 1)])
def test_sentences_are_read_as_well_as_they_were(
    reader: AssertionReader, cases: Sequence[Case], least: int, most_wrong: int
) -> None:
    verdicts = []
    for case in cases:
        claims = reader.read(case.turns[0].say)
        held = {(each.subject, each.predicate): [each.value.casefold()] for each in claims if each.holds}
        verdicts.append(verdict(case, held))

    assert sum(each.is_right for each in verdicts) >= least
    assert sum(bool(each.invented) for each in verdicts) <= most_wrong


def test_a_case_that_keeps_the_old_value_is_wrong() -> None:
    case = Case(
        "budget-1",
        "contradiction",
        (Turn(0, "My budget is $40."),),
        ((("customer", "budget", frozenset({"$60"}))),),
        gone=(("customer", "budget", "$40"),),
        kept=(("customer", "diet", "vegan"),),
    )

    both = verdict(case, {("customer", "budget"): ["$60", "$40"], ("customer", "diet"): ["vegan"]})
    lost = verdict(case, {("customer", "budget"): ["$60"]})
    more = verdict(case, {("customer", "budget"): ["$60"], ("customer", "diet"): ["vegan", "kosher"]})

    assert (both.current, lost.retired, len(more.invented)) == (False, 1, 1)


def test_turns_can_be_learned_in_another_order_than_said(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(
        '{"case": "a", "kind": "late", "turns": [{"say": "one", "day": 0, "received": 1},'
        ' {"say": "two", "received": 0}], "current": [["customer", "budget", ["$60"]]]}\n'
    )

    (case,) = read(file)

    assert [(turn.say, turn.day) for turn in case.turns] == [("two", 1), ("one", 0)]
