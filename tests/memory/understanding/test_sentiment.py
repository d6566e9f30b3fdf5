import pytest

from foundation.text.language import language_of
from memory.understanding.sentiment import sentiment_of


def felt(text: str) -> float | None:
    return sentiment_of(text, language_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "I love these, they really help me sleep",
        "thanks, that was perfect!",
        "the chocolate is delicious",
        "¡Me encanta este aceite, gracias!",
        "está muy rico y el servicio fue excelente",
    ],
)
def test_praise_is_above_zero(text: str) -> None:
    assert (felt(text) or 0) > 0.3


@pytest.mark.parametrize(
    "text",
    [
        "the gummies were stale and arrived late",
        "not what I ordered",
        "I don\u2019t like the taste",
        "my order never arrived",
        "No me gustan las gomitas, son muy malas",
        "la crema no sirve y llegó tarde",
    ],
)
def test_complaint_is_below_zero(text: str) -> None:
    assert (felt(text) or 0) < -0.3


@pytest.mark.parametrize(
    "text",
    [
        "my back pain is killing me",
        "something strong for my anxiety",
        "I'd like the high dose, please",
        "quiero gomitas para el dolor",
    ],
)
def test_what_somebody_wants_help_with_says_nothing_of_how_they_feel_about_us(text: str) -> None:
    assert felt(text) == 0


@pytest.mark.parametrize("text", ["Das ist sehr gut", "les gummies sont bonnes", "\U0001f44d", "", "12345"])
def test_what_we_cannot_weigh_is_not_zero(text: str) -> None:
    assert felt(text) is None
