from datetime import timedelta

import pytest

from tests.tools.conftest import Counter


@pytest.mark.parametrize("name", ["age_status", "open_age_form"])
def test_verified_customer_hears_until_when(counter: Counter, name: str) -> None:
    result = counter.ask(name)

    assert (result.say, result.form) == ("Your age is verified until 1 March 2027.", None)


@pytest.mark.parametrize("name", ["age_status", "open_age_form"])
def test_unverified_customer_is_shown_the_form(counter: Counter, name: str) -> None:
    minor = counter.shop.welcome("minor", adult=False)

    result = counter.ask(name, who=minor)

    assert result.form == "age_verification"
    assert "Never write your birthday" in result.say


def test_proof_in_its_time_of_grace_counts_and_is_to_be_renewed(counter: Counter) -> None:
    counter.shop.clock.advance(timedelta(days=366))

    for name in ("age_status", "open_age_form"):
        result = counter.ask(name)

        assert "You can still buy until 31 March 2027." in result.say
        assert (result.form, result.data["verified"]) == ("age_verification", True)


def test_expired_proof_is_shown_with_its_day(counter: Counter) -> None:
    counter.shop.clock.advance(timedelta(days=396))

    result = counter.ask("age_status")

    assert result.say.startswith("Your age verification ended on 1 March 2027.")
    assert (result.form, result.data["verified"]) == ("age_verification", False)


def test_form_is_the_only_way_to_give_a_birthday(counter: Counter) -> None:
    assert counter.ask("open_age_form", date_of_birth="1990-05-01").is_error
