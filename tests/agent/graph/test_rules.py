from datetime import UTC, datetime, timedelta

from agent.graph.rules import RuleAnswer, answer_by_rule
from agent.turns.models import UserMessage
from tools.confirmations import WAITING, PendingAction

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOLD = PendingAction(
    id="act_gold",
    thread_id="thr_1",
    asked_in="trn_1",
    principal_id="cus_1",
    tool="subscribe_membership",
    arguments={"tier": "GOLD"},
    sentence="Gold, $197.00 a month, card ending 1111, from today.",
    status=WAITING,
    expires_at=NOW + timedelta(minutes=10),
)


def said(text: str, *, masked: tuple[str, ...] = (), action_id: str | None = None) -> UserMessage:
    return UserMessage("msg_1", text, masked, action_id, "confirm" if action_id else None, NOW)


def ruled(
    *messages: UserMessage, waiting: PendingAction | None = GOLD, previous: str = "trn_1"
) -> RuleAnswer | None:
    return answer_by_rule(messages, waiting, previous_turn_id=previous)


def test_yes_right_after_the_question_confirms_it() -> None:
    answer = ruled(said("yes please"))

    assert answer is not None
    assert answer.confirmed == "act_gold"


def test_yes_to_something_stated_since_is_no_confirmation() -> None:
    assert ruled(said("yes please"), previous="trn_2") is None


def test_yes_with_nothing_waiting_is_for_the_model() -> None:
    assert ruled(said("yes"), waiting=None) is None


def test_no_leaves_everything_as_it_is() -> None:
    answer = ruled(said("no thanks"))

    assert answer is not None
    assert (answer.confirmed, answer.cancelled) == (None, "act_gold")


def test_correction_is_for_the_model() -> None:
    assert ruled(said("no, silver")) is None


def test_yes_among_other_messages_of_a_burst_is_no_confirmation() -> None:
    assert ruled(said("yes"), said("wait, what does it cost?")) is None


def test_button_names_its_action_whatever_was_stated_since() -> None:
    answer = ruled(said("Yes", action_id="act_old"), previous="trn_9")

    assert answer is not None
    assert answer.confirmed == "act_old"


def test_card_number_is_answered_with_the_card_form() -> None:
    answer = ruled(said("my card is [card number]", masked=("card_number",)))

    assert answer is not None
    assert (answer.answer.form, answer.confirmed) == ("card", None)


def test_security_code_is_answered_with_the_card_form() -> None:
    answer = ruled(said("the cvv is [security code]", masked=("security_code",)))

    assert answer is not None
    assert answer.answer.form == "card"


def test_birthday_is_answered_with_the_age_form_even_beside_a_yes() -> None:
    answer = ruled(said("yes"), said("I was born on [birthday]", masked=("date_of_birth",)))

    assert answer is not None
    assert (answer.answer.form, answer.confirmed) == ("age_verification", None)
