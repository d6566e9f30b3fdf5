import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.graph.history import LOST, repaired


def said(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def called(*ids: str) -> dict[str, Any]:
    uses = [{"type": "tool_use", "id": call_id, "name": "search_products", "input": {}} for call_id in ids]
    return {"role": "assistant", "content": uses}


def result(call_id: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": "found"}


def test_whole_history_stays_as_it_is() -> None:
    history = [said("hi"), called("a"), {"role": "user", "content": [result("a")]}, said_by_us("two things")]

    assert repaired(history) == history


def test_call_without_a_result_gets_one_that_says_so() -> None:
    history = repaired([said("hi"), called("a", "b"), {"role": "user", "content": [result("b")]}])

    assert [block["content"] for block in history[2]["content"]] == [LOST, "found"]


def test_call_at_the_very_end_is_answered_too() -> None:
    assert repaired([said("hi"), called("a")])[-1]["content"][0]["is_error"] is True


def test_result_without_a_call_is_dropped() -> None:
    history = repaired([said("hi"), {"role": "user", "content": [result("ghost")]}, said_by_us("hello")])

    assert history == [said("hi"), said_by_us("hello")]


def test_results_come_before_words_in_the_message_that_follows_a_call() -> None:
    mixed = {"role": "user", "content": [{"type": "text", "text": "and?"}, result("a")]}

    assert repaired([said("hi"), called("a"), mixed])[-1]["content"][0]["type"] == "tool_result"


BLOCKS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, st.sampled_from(["", " ", "hello"])),
    st.builds(lambda i: {"type": "tool_use", "id": i, "name": "t", "input": {}}, st.sampled_from("abc")),
    st.builds(result, st.sampled_from("abcd")),
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant"]), "content": st.lists(BLOCKS, max_size=4)}
    ),
    max_size=8,
)


@given(MESSAGES)
def test_api_accepts_whatever_comes_out(messages: list[dict[str, Any]]) -> None:
    history = repaired(messages)

    roles = [message["role"] for message in history]
    assert all(a != b for a, b in itertools.pairwise(roles))
    assert roles[:1] in ([], ["user"])
    for at, message in enumerate(history):
        uses = [b["id"] for b in message["content"] if b["type"] == "tool_use"]
        answers = (
            [b["tool_use_id"] for b in history[at + 1]["content"] if b["type"] == "tool_result"]
            if at + 1 < len(history)
            else []
        )
        if message["role"] == "assistant":
            assert answers == list(dict.fromkeys(uses))
        assert message["content"]


@given(MESSAGES)
def test_repairing_twice_changes_nothing(messages: list[dict[str, Any]]) -> None:
    assert repaired(repaired(messages)) == repaired(messages)


def said_by_us(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}
