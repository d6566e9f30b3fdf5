import json
from typing import Any

import pytest

from agent.models.base import Block, Message
from agent.models.offline import conversation
from tests.agent.offline import WAITING, Talk


def user(text: str) -> Message:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def asks_for(tool: str, *, arguments: object = None) -> Message:
    use = {"type": "tool_use", "id": "1", "name": tool, "input": {} if arguments is None else arguments}
    return {"role": "assistant", "content": [use]}


def result(content: object) -> Block:
    return {"type": "tool_result", "tool_use_id": "1", "content": content}


def test_results_are_joined_to_their_calls() -> None:
    content = json.dumps({"say": "Yes.", "data": WAITING})

    exchanges = conversation.read(
        [
            user("hi"),
            asks_for("t"),
            {"role": "user", "content": [result(content), *user("and now?")["content"]]},
        ]
    )

    settled = exchanges[0].calls[0].result
    assert settled is not None
    assert settled.say == "Yes."
    assert settled.is_pending
    assert exchanges[1].words == "and now?"


def test_a_burst_of_messages_is_one() -> None:
    exchanges = conversation.read(
        [{"role": "user", "content": "hi"}, {"role": "user", "content": "gummies?"}]
    )

    assert [exchange.words for exchange in exchanges] == ["hi\ngummies?"]


def test_a_result_that_no_tool_said_is_not_spoken() -> None:
    talk = Talk()
    talk.thread = [
        user("show me gummies"),
        asks_for("search_products"),
        {"role": "user", "content": [result("Lost. Look it up.")]},
    ]

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
        [user("gummies"), {"role": "assistant", "content": [{"type": "tool_use", "id": None}]}],
        [user("hm"), asks_for("search_products", arguments="no object")],
        [user("hm"), asks_for("t"), {"role": "user", "content": [result([{"type": "image"}])]}],
    ],
)
def test_a_broken_history_does_not_stop_the_talk(broken: list[Any]) -> None:
    talk = Talk()
    talk.thread = [*broken]

    assert talk.answer().content

    assert talk.say("show me vapes").calls[-1] == ("search_products", {"category": "vape"})
