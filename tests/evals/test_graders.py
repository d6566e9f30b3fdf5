from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.turns.models import Confirmation, Receipt, Reply
from evals.customer import StepResult
from evals.graders import Evidence, grade
from evals.grounding import sources, ungrounded
from evals.scenario import Scenario, Shown, Step
from evals.snapshot import Row, Snapshot
from tools.results import Card

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWL = {
    "id": "prd_1",
    "name": "Night Owl Gummies",
    "price_cents": 2800,
    "category": "edible",
    "effects": ["sleep"],
    "flavours": ["berry"],
    "available": True,
    "quantity": 5,
}
OWL_CARD = Card("product", "prd_1", "Night Owl Gummies", price="28.00")
FOUND = {"say": "1. Night Owl Gummies — $28.00", "data": {"products": [{"id": "prd_77", "price": "28.00"}]}}
GOLD = {"id": "mem_1", "customer_id": "cus_ana", "tier": "GOLD", "price_cents": 19700}
TABLES = (
    "threads turns messages journal interactions profiles outbox products raffles memberships pending_actions"
)


def snapshot(**tables: Sequence[Row]) -> Snapshot:
    rows = {name: tables.get(name, ()) for name in TABLES.split()}
    return {name: {(str(row["id"]),): row for row in each} for name, each in rows.items()}


def talked(**tables: Sequence[Row]) -> Snapshot:
    """The ledger after Ana said something and was answered."""
    turn = {"id": "trn_1", "principal_id": "cus_ana", "role": "customer", "status": "done"}
    found = {"tool": "search_products", "result": FOUND}
    usual: Mapping[str, Sequence[Row]] = {
        "products": [OWL],
        "turns": [turn],
        "messages": [{"id": "msg_1", "turn_id": "trn_1", "text": "anything for sleep?"}],
        "journal": [{"id": "1", "turn_id": "trn_1", "key": "tool:call_1", "data": found}],
        "interactions": [{"id": "trn_1", "customer_id": "cus_ana"}],
        "outbox": [{"id": "evt_1", "topic": "interactions", "customer_id": "cus_ana"}],
    }
    return snapshot(**{**usual, **tables})


def step_result(step: Step | None = None, **reply: Any) -> StepResult:  # noqa: ANN401 - any field of a reply
    usual = {"turn_id": "trn_1", "thread_id": "thr_1", "text": "Night Owl Gummies — $28.00", "model": "rule"}
    said = Reply(**{**usual, **reply})
    receipt = Receipt("trn_1", "thr_1")
    return StepResult(step or Step(say="anything for sleep?"), [receipt], said, said.text, 0.1)


def failures(
    *steps: StepResult,
    after: Snapshot | None = None,
    delivered: Mapping[str, Sequence[Row]] | None = None,
    **declared: Any,  # noqa: ANN401 - any field of a scenario
) -> list[str]:
    talk = steps or (step_result(),)
    scenario = Scenario(
        name="test", subject="tests", who="cus_ana", steps=tuple(each.step for each in talk), **declared
    )
    before = snapshot(products=[OWL])
    return [str(each) for each in grade(Evidence(scenario, talk, before, after or talked(), delivered or {}))]


def asked(sentence: str) -> Confirmation:
    return Confirmation("act_1", "subscribe_membership", sentence, NOW)


class TestReplies:
    def test_reply_as_expected_has_no_fault(self) -> None:
        step = Step(say="anything for sleep?", contains=("night owl",), tools=("search_products",))

        assert failures(step_result(step)) == []

    @pytest.mark.parametrize(
        ("expected", "complaint"),
        [
            ({"contains": ("Moonlit",)}, "lacks 'Moonlit'"),
            ({"lacks": ("owl",)}, "must not say 'owl'"),
            ({"tools": ()}, "called ['search_products'], not []"),
            ({"tools": ("search_products", "search_products")}, "called ['search_products']"),
            ({"asks": "subscribe_membership"}, "asks to confirm None"),
            ({"form": "card"}, "shows the form None, not card"),
            ({"hands_over": True}, "hands over False"),
            ({"shows": Shown()}, "shows 0 product cards"),
        ],
    )
    def test_each_thing_missed_is_reported(self, expected: dict[str, Any], complaint: str) -> None:
        (failure,) = failures(step_result(Step(say="anything for sleep?", **expected)))

        assert complaint in failure

    @pytest.mark.parametrize(
        ("reply", "complaint"),
        [
            ({"form": "card"}, "shows the form card, not None"),
            ({"handed_over": True}, "hands over True"),
            ({"failed": True}, "failed"),
            ({"text": " "}, "failed"),
        ],
    )
    def test_what_nobody_asked_for_is_reported(self, reply: dict[str, Any], complaint: str) -> None:
        (failure,) = failures(step_result(**reply))

        assert complaint in failure

    def test_question_nobody_asked_for_is_reported(self) -> None:
        waiting = {"id": "act_1", "sentence": "Gold?"}
        after = talked(pending_actions=[waiting])

        found = failures(step_result(confirmation=asked("Gold?")), after=after, new={"pending_actions": [{}]})

        assert any("asks to confirm subscribe_membership, not None" in failure for failure in found)

    def test_card_that_should_not_be_there_is_reported(self) -> None:
        step = Step(say="zebra drops?", shows=Shown(at_least=0, at_most=0))

        (failure,) = failures(step_result(step, cards=(OWL_CARD,)))

        assert "shows 1 product cards" in failure

    @pytest.mark.parametrize(
        "card",
        [
            replace(OWL_CARD, price="20.00"),
            replace(OWL_CARD, title="Night Owls"),
            replace(OWL_CARD, id="prd_2"),
            replace(OWL_CARD, badges=("out of stock",)),
        ],
    )
    def test_card_of_what_the_shop_does_not_have_is_reported(self, card: Card) -> None:
        (failure,) = failures(step_result(cards=(card,)))

        assert "which does not match the catalogue" in failure

    def test_stream_that_ended_in_other_words_is_reported(self) -> None:
        (failure,) = failures(replace(step_result(), streamed="Night Owl"))

        assert "streamed 'Night Owl'" in failure

    @pytest.mark.parametrize(
        "expected",
        [
            {"effect": "calm"},
            {"category": "vape"},
            {"flavour": "mint"},
            {"without_flavour": "berry"},
            {"max_price": 27},
            {"min_price": 29},
        ],
    )
    def test_card_of_another_kind_than_asked_for_is_reported(self, expected: dict[str, Any]) -> None:
        step = Step(say="anything for sleep?", shows=Shown(**expected))

        (failure,) = failures(step_result(step, cards=(OWL_CARD,)))

        assert "which does not match the request" in failure

    def test_another_card_than_the_one_pointed_at_is_reported(self) -> None:
        shelf = step_result(cards=(Card("raffle", "raf_1", "Spa"), OWL_CARD))
        second = step_result(Step(say="the second", shows=Shown(place=2)), cards=(OWL_CARD,))
        first = step_result(Step(say="the first", shows=Shown(place=1)), cards=(OWL_CARD,))

        assert failures(shelf, second) == []
        assert "does not show number 1" in failures(shelf, first)[0]

    def test_replay_that_is_answered_anew_is_reported(self) -> None:
        again = Step(replays=1)

        (failure,) = failures(step_result(), step_result(again))

        assert "got another reply than the first time" in failure


class TestGrounding:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("Night Owl Gummies — $29.00", "the price $29.00"),
            ("Night Owl Gummies — $28.00, 77 left", "the figure 77"),
            ("Night Owl Gummies, or Moonbeam Dream Drops", "the name Moonbeam Dream Drops"),
            ("Try Moonbeam Dream Drops", "the name Try Moonbeam Dream Drops"),
        ],
    )
    def test_what_no_tool_said_is_reported(self, text: str, problem: str) -> None:
        (failure,) = failures(step_result(text=text))

        assert failure.startswith("ungrounded: ")
        assert problem in failure

    def test_name_of_the_shop_that_no_tool_said_is_reported(self) -> None:
        known = sources([FOUND], said=["hello"], asked=None)

        assert ungrounded("quiet lantern tea?", known, names=["Quiet Lantern Tea"]) == [
            "the name Quiet Lantern Tea"
        ]

    def test_customers_own_figures_may_be_repeated(self) -> None:
        known = sources([], said=["under 40 bucks, for Aunt Mabel"], asked=None)

        assert ungrounded("Up to $40.00 for Aunt Mabel.", known, names=[]) == []

    def test_pending_question_may_be_repeated(self) -> None:
        sentence = "Gold, $197.00 a month."
        known = sources([], said=["hm"], asked=sentence)

        assert ungrounded(f"I wait: {sentence}", known, names=[]) == []

    def test_digits_of_ids_and_times_ground_nothing(self) -> None:
        result = {"say": "Done.", "data": {"raffle_id": "17", "expires_at": "2026-03-01"}}
        known = sources([result], said=[], asked=None)

        assert ungrounded("17 of 2026", known, names=[]) == ["the figure 17", "the figure 2026"]

    def test_figure_is_no_price(self) -> None:
        known = sources([{"say": "Only 5 left.", "data": None}], said=[], asked=None)

        assert ungrounded("$5 each", known, names=[]) == ["the price $5"]

    def test_legal_age_needs_no_source(self) -> None:
        assert ungrounded("You must be 21. I'm Sorry.", sources([], said=[], asked=None), names=[]) == []


class TestEndState:
    def test_declared_row_is_expected(self) -> None:
        declared = {"memberships": [{"tier": "GOLD", "price_cents": 19700}]}

        assert failures(after=talked(memberships=[GOLD]), new=declared) == []

    def test_row_that_was_not_declared_is_reported(self) -> None:
        (failure,) = failures(after=talked(memberships=[GOLD]))

        assert failure.startswith("unexpected: new in memberships")

    def test_second_row_beside_the_declared_one_is_reported(self) -> None:
        twice = talked(memberships=[GOLD, {**GOLD, "id": "mem_2"}])

        (failure,) = failures(after=twice, new={"memberships": [{"tier": "GOLD"}]})

        assert failure.startswith("unexpected: new in memberships")

    def test_declared_row_that_is_not_there_is_reported(self) -> None:
        (failure,) = failures(new={"memberships": [{"tier": "GOLD"}]})

        assert failure.startswith("missing: new in memberships")

    def test_row_with_another_value_is_both_missing_and_unexpected(self) -> None:
        found = failures(after=talked(memberships=[GOLD]), new={"memberships": [{"tier": "SILVER"}]})

        assert [failure.split(":")[0] for failure in found] == ["missing", "unexpected"]

    def test_most_exact_description_gets_its_row_first(self) -> None:
        after = talked(memberships=[GOLD, {**GOLD, "id": "mem_2", "tier": "SILVER"}])
        declared = {"memberships": [{"price_cents": 19700}, {"tier": "GOLD", "price_cents": 19700}]}

        assert failures(after=after, new=declared) == []

    def test_nested_values_are_looked_into(self) -> None:
        action = {"id": "act_1", "arguments": {"tier": "GOLD", "more": 1}}
        after = talked(pending_actions=[action])

        assert failures(after=after, new={"pending_actions": [{"arguments": {"tier": "GOLD"}}]}) == []
        assert failures(after=after, new={"pending_actions": [{"arguments": {"tier": "SILVER"}}]}) != []

    def test_changed_price_is_reported(self) -> None:
        (failure,) = failures(after=talked(products=[{**OWL, "flavours": ["mint"]}]))

        assert "changed in products: flavours ['berry'] -> ['mint']" in failure

    def test_growth_of_a_number_can_be_declared(self) -> None:
        after = talked(products=[{**OWL, "flavours": ["berry"], "price_cents": 2900}])

        def priced(grown: int) -> list[str]:
            found = failures(after=after, changed={"products": [{"+price_cents": grown}]})
            return [failure.split(":")[0] for failure in found]

        assert priced(100) == []
        assert priced(99) == ["missing", "unexpected"]

    def test_vanished_row_is_reported(self) -> None:
        (failure,) = failures(step_result(text="Hello."), after=talked(products=[]))

        assert failure.startswith("unexpected: gone from products")


class TestConversation:
    @pytest.mark.parametrize(
        ("table", "row"),
        [
            ("turns", {"id": "trn_2", "principal_id": "cus_ben", "role": "customer", "status": "done"}),
            ("messages", {"id": "msg_2", "turn_id": "trn_2", "text": "hello"}),
            ("profiles", {"id": "cus_ben", "customer_id": "cus_ben"}),
            ("outbox", {"id": "evt_2", "topic": "interactions", "customer_id": "cus_ben"}),
        ],
    )
    def test_trace_in_somebody_elses_name_is_reported(self, table: str, row: Row) -> None:
        after = talked()
        mixed = {**after, table: {**after[table], ("x",): row}}

        assert any(failure.startswith(f"unexpected: new in {table}") for failure in failures(after=mixed))

    def test_turn_that_memory_did_not_learn_is_reported(self) -> None:
        (failure,) = failures(after=talked(interactions=[]))

        assert failure == "missing: not each of 1 turns was learned once"

    def test_turn_that_did_not_end_is_reported(self) -> None:
        running = {"id": "trn_1", "principal_id": "cus_ana", "role": "customer", "status": "running"}

        assert failures(after=talked(turns=[running])) == ["missing: the end of trn_1"]

    def test_secret_that_was_kept_is_reported(self) -> None:
        kept = [{"id": "msg_1", "turn_id": "trn_1", "text": "my card is 4111 1111"}]

        assert failures(after=talked(messages=kept), secrets=("4111 1111",)) == [
            "leak: '4111 1111' is in messages"
        ]


class TestWarehouse:
    def test_row_that_arrived_once_is_expected(self) -> None:
        assert (
            failures(delivered={"memberships": [GOLD]}, warehouse={"memberships": [{"tier": "GOLD"}]}) == []
        )

    def test_row_that_arrived_twice_is_reported(self) -> None:
        (failure,) = failures(
            delivered={"memberships": [GOLD, GOLD]}, warehouse={"memberships": [{"tier": "GOLD"}]}
        )

        assert failure.startswith("unexpected")

    def test_row_that_did_not_arrive_is_reported(self) -> None:
        (failure,) = failures(warehouse={"memberships": [{"tier": "GOLD"}]})

        assert failure.startswith("missing: in the warehouse")
