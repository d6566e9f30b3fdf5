from typing import Any

import pytest

from agent.models.offline import conversation
from tests.agent.offline import Talk


def test_results_are_joined_to_their_calls() -> None:
    exchanges = conversation.read(
        [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "t", "input": {"a": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": '{"say": "Yes.", "data": {"pending": true}}'},
                {"type": "text", "text": "and now?"},
            ]},
        ]
    )  # fmt: skip

    result = exchanges[0].calls[0].result
    assert result is not None
    assert result.say == "Yes."
    assert result.is_pending
    assert exchanges[1].words == "and now?"


def test_a_burst_of_messages_is_one() -> None:
    exchanges = conversation.read(
        [{"role": "user", "content": "hi"}, {"role": "user", "content": "gummies?"}]
    )

    assert [exchange.words for exchange in exchanges] == ["hi\ngummies?"]


def test_a_result_that_no_tool_said_is_not_spoken() -> None:
    talk = Talk(results={})
    talk.thread = [
        {"role": "user", "content": "show me gummies"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "search_products", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "Lost. Look it up."}]},
    ]  # fmt: skip

    text = talk.answer().content[0]["text"]

    assert "Lost" not in text
    assert "try again" in text


@pytest.mark.parametrize(
    "broken",
    [
        [],
        [{"role": "assistant", "content": [{"type": "text", "text": "Hello"}]}],
        [{"role": "user", "content": [{"type": "image", "source": {}}]}],
        [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "none", "content": None}]}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": [{"type": "text"}, "words", 7]}],
        [{"role": "user", "content": "gummies"}, {"role": "assistant", "content": [{"type": "tool_use", "id": None}]}],
        [{"role": "user", "content": "hm"}, {"role": "assistant", "content": [
            {"type": "tool_use", "id": "1", "name": "search_products", "input": "no object"}]},
         {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "image"}]}]}],
    ],
)  # fmt: skip
def test_a_broken_history_still_ends_in_words_or_calls(broken: list[Any]) -> None:
    talk = Talk()
    talk.thread = [*broken]

    assert talk.answer().content

    assert talk.say("show me vapes").calls[-1] == ("search_products", {"category": "vape"})
