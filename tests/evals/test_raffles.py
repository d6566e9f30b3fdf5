from commerce.raffles.draw.algorithms import HMAC_V1
from evals.raffles.fairness import draw_with, p_value
from evals.raffles.tampering import tamper
from evals.raffles.timing import exponent


def test_every_tampering_is_caught() -> None:
    assert tamper().undetected == ()


def test_a_loaded_draw_is_found_unfair() -> None:
    fair = draw_with(HMAC_V1)

    def loaded(listed: str, seed: str) -> list[int]:
        return [1 if number <= 2 else number for number in fair(listed, seed)]

    assert p_value(fair, draws=1_000) > 0.001
    assert p_value(loaded, draws=1_000) < 0.001


def test_growth_is_the_power_of_the_size() -> None:
    assert round(exponent([10, 100, 1_000], [0.1, 1.0, 10.0]), 6) == 1
    assert round(exponent([10, 100, 1_000], [0.01, 1.0, 100.0]), 6) == 2
