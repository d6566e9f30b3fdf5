from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.raffles.draw.beacon import QUICKNET, randomness_of

ROUNDS = {
    123: (
        "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92",
        "fb8f7bc29bf24db51871ec8c79f3a1e4bd0557bc0dfcee9ed1d924e69d1c60dc",
    ),
    657413: (
        "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
        "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587",
    ),
}
"""Of the real network."""


@pytest.mark.parametrize("number", ROUNDS)
def test_rounds_of_the_real_network_are_its_own(number: int) -> None:
    signature, randomness = ROUNDS[number]

    assert QUICKNET.has_signed(number, signature)
    assert randomness_of(signature) == randomness
    assert not QUICKNET.has_signed(number + 1, signature)


@pytest.mark.parametrize(
    "signature", ["", "zz", "abc", "00" * 48, ROUNDS[123][0].upper(), ROUNDS[123][0][:-2]]
)
def test_what_is_no_signature_is_refused_without_a_stir(signature: str) -> None:
    assert not QUICKNET.has_signed(123, signature)


@pytest.mark.parametrize("number", [-1, 0, 2**64])
def test_what_is_no_round_is_refused_without_a_stir(number: int) -> None:
    assert not QUICKNET.has_signed(number, ROUNDS[123][0])


@given(st.integers(0, 10**15))
def test_the_first_round_from_a_moment_on_is_that_one(microseconds: int) -> None:
    at = QUICKNET.genesis + timedelta(microseconds=microseconds)

    number = QUICKNET.first_round_at(at)

    assert QUICKNET.time_of(number - 1) < at <= QUICKNET.time_of(number)
