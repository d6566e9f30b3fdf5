from datetime import UTC, datetime

from memory.conversations.models import Interaction
from tests.tools.conftest import Counter


def learn(counter: Counter, message: str, response: str, *, who: str = "cus_ana") -> None:
    at = datetime(2026, 2, 10, 3, tzinfo=UTC)
    counter.memory.learn(Interaction(f"trn_{who}", who, "thr_old", "chat", at, message, response))


def test_earlier_words_are_quoted_with_their_day_at_the_shop(counter: Counter) -> None:
    learn(counter, "do you have mint tinctures?", "Yes, Moonrise Drops.")

    result = counter.ask("recall_conversation", question="mint tinctures")

    assert result.say == (
        "From our earlier conversations:\n"
        "- 9 February 2026: you said “do you have mint tinctures?”, and we said “Yes, Moonrise Drops.”."
    )
    assert result.data["turns"][0]["turn_id"] == "trn_cus_ana"


def test_conversations_of_another_customer_are_not_found(counter: Counter) -> None:
    learn(counter, "do you have mint tinctures?", "Yes.", who=counter.shop.welcome("ben"))

    result = counter.ask("recall_conversation", question="mint tinctures")

    assert result.say == "I find nothing about that in our earlier conversations."


def test_long_words_are_cut(counter: Counter) -> None:
    learn(counter, "mint " * 200, "Yes.")

    quote = counter.ask("recall_conversation", question="mint").say

    assert len(quote) < 400
    assert "…”" in quote


def test_guest_has_no_past(counter: Counter) -> None:
    assert counter.ask("recall_conversation", who="gst_1", question="mint").form == "sign_in"
