from datetime import date

import pytest

from commerce.age.models import IncompleteName, age_on, tidy_name


@pytest.mark.parametrize(
    ("day", "born", "age"),
    [
        (date(2026, 3, 1), date(2005, 3, 1), 21),
        (date(2026, 3, 1), date(2005, 3, 2), 20),
        (date(2025, 2, 28), date(2004, 2, 29), 20),
        (date(2025, 3, 1), date(2004, 2, 29), 21),
        (date(2028, 2, 29), date(2004, 2, 29), 24),
    ],
)
def test_age_is_counted_by_the_calendar(day: date, born: date, age: int) -> None:
    assert age_on(day, born=born) == age


@pytest.mark.parametrize(
    "name",
    ["Ana O'Brien", "Jean-Luc de la Cruz", "Zoë  Ångström", "José Ñandú Jr.", "王 小明", "अनीता शर्मा"],
)
def test_names_of_every_script_are_taken(name: str) -> None:
    assert tidy_name(name).split() == name.split()


@pytest.mark.parametrize("name", ["Ana", "", "  ", "Ana 2nd3", "Ana <script>", "A " * 60, "Ana -"])
def test_name_without_two_parts_of_letters_is_refused(name: str) -> None:
    with pytest.raises(IncompleteName):
        tidy_name(name)
