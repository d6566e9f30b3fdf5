import pytest

from foundation.settings.reference import EXAMPLE, PAGE, env_example, sections, settings_page

FIELDS = [pytest.param(field, id=name) for _, fields in sections() for name, field in fields.items()]


@pytest.mark.parametrize("field", FIELDS)
def test_each_setting_says_what_it_is(field: object) -> None:
    assert getattr(field, "description", None)


def test_the_page_is_generated_from_the_settings() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "run `make docs`"


def test_the_example_is_generated_from_the_settings() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == env_example(), "run `make docs`"
