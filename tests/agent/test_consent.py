import pytest

from agent.consent import decision


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes please!",
        "yep, do it",
        "ok",
        "go ahead",
        "sure, thanks",
        "SÍ",
        "sí, por favor",
        "dale",
        "Yes.",
    ],
)
def test_plain_yes_confirms(text: str) -> None:
    assert decision(text) == "confirm"


@pytest.mark.parametrize("text", ["no", "No thanks", "nope", "cancel", "never mind", "don't", "no, gracias"])
def test_plain_no_cancels(text: str) -> None:
    assert decision(text) == "cancel"


@pytest.mark.parametrize(
    "text",
    [
        "no, silver",
        "yes but only if it is under $100",
        "yes and also two raffle tickets",
        "is that monthly?",
        "ok?",
        "not yes",
        "yes no",
        "thanks",
        "yesterday",
        "",
        "do it for bronze instead",
        "I said yes to my wife",
        "can you go ahead and tell me the price first",
    ],
)
def test_anything_more_is_left_to_the_model(text: str) -> None:
    assert decision(text) is None
