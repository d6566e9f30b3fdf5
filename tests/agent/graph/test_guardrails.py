from agent.graph.guardrails import NOTHING_TO_SAY, ungrounded, with_fallback
from tools.results import ToolResult


def test_price_that_no_source_has_is_found() -> None:
    assert ungrounded("Gold is $97.00 a month.", ['{"say": "Gold — $197.00 a month"}']) == {"97.00"}


def test_price_from_a_tool_is_grounded() -> None:
    assert ungrounded("Gold is $197 a month.", ["Gold — $197.00 a month"]) == set()


def test_thousands_are_one_number() -> None:
    assert ungrounded("The prize is $2,500.", ["worth 2500"]) == set()


def test_reply_without_words_says_what_the_tools_stated() -> None:
    assert with_fallback("  ", [ToolResult("Two tickets left.")]) == "Two tickets left."


def test_reply_without_anything_is_an_honest_apology() -> None:
    assert with_fallback("", []) == NOTHING_TO_SAY
