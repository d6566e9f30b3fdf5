from agent.graph.answers import CUT_OFF, DECLINED, ONE_AT_A_TIME, TOO_MANY, ParsedAnswer, parse_answer
from agent.models.base import ModelAnswer
from tests.agent.models import uses, words
from tools.memberships import list_membership_tiers, subscribe_membership

TOOLS = (list_membership_tiers, subscribe_membership)


def parsed(answer: ModelAnswer, *, tools_left: int = 12) -> ParsedAnswer:
    return parse_answer(answer, step=2, turn_id="trn_1", tools_left=tools_left, tools=TOOLS)


def test_calls_get_ids_of_their_own_whatever_the_model_called_them() -> None:
    answer = uses(("list_membership_tiers", {}), ("list_membership_tiers", {}))

    assert [call.id for call in parsed(answer).calls] == ["call_trn_1_2_0", "call_trn_1_2_1"]


def test_reply_cut_off_in_a_call_calls_nothing() -> None:
    answer = parsed(uses(("subscribe_membership", {"tier": "GOLD"}), stop_reason="max_tokens"))

    assert (answer.calls, answer.text) == ((), CUT_OFF)


def test_refusal_of_the_model_is_turned_into_text() -> None:
    assert parsed(words("", "refusal")).text == DECLINED


def test_second_question_at_once_is_not_put() -> None:
    answer = parsed(
        uses(("subscribe_membership", {"tier": "GOLD"}), ("subscribe_membership", {"tier": "SILVER"}))
    )

    assert answer.refused == {"call_trn_1_2_1": ONE_AT_A_TIME}


def test_calls_over_the_budget_are_not_made() -> None:
    answer = parsed(uses(*[("list_membership_tiers", {})] * 200), tools_left=3)

    assert len(answer.calls) == 200
    assert list(answer.refused.values()) == [TOO_MANY] * 197


def test_paused_reply_goes_on() -> None:
    assert parsed(words("One moment", "pause_turn")).is_paused
