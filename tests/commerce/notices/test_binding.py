import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from api.containers.notice_kinds import NOTICE_KINDS
from commerce.notices.binding import TemplateMismatch, template_of
from commerce.notices.models import NoticeEvent
from commerce.notices.writing import FOLDER, Writer
from foundation.clock import Calendar
from tests.commerce.notices.conftest import SHOP
from tests.shop import CHICAGO


@dataclass(frozen=True, kw_only=True)
class Line:
    name: str


@dataclass(frozen=True, kw_only=True)
class GreetingNotice:
    topic: ClassVar[str] = "notices"

    template: Literal["greeting"] = "greeting"
    about: str
    sealed_code: str
    lines: tuple[Line, ...] = ()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shop's layout of letters, without its templates."""
    folder = tmp_path / "templates"
    shutil.copytree(FOLDER, folder)
    for template in folder.glob("*.j2"):
        template.unlink()
    return folder


def _open(folder: Path, kinds: tuple[type[NoticeEvent], ...] = (GreetingNotice,)) -> Writer:
    return Writer(SHOP, Calendar(CHICAGO), kinds=kinds, folder=folder)


def _write(folder: Path, body: str) -> None:
    (folder / "greeting.j2").write_text('{% extends "letter.j2" %}{% block body %}' + body + "{% endblock %}")


def test_template_may_use_fields_opened_secrets_globals_and_what_it_sets(folder: Path) -> None:
    _write(
        folder,
        "{% set twice = code ~ code %}{{ twice }} {{ name }} {{ shop.name }} {{ say.note }}"
        "{% for line in lines %}{{ line.name }}{% endfor %}",
    )

    assert _open(folder).templates == ["greeting"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("{{ amount_cents }}", "greeting.j2 uses `amount_cents`, which is no field of GreetingNotice"),
        ("{{ sealed_code }}", "greeting.j2 uses `sealed_code`, which is no field of GreetingNotice"),
        ("{% if expires_at %}x{% endif %}", "greeting.j2 uses `expires_at`, which is no field"),
        ("{{ shop.fax }}", "greeting.j2 uses `shop.fax`, which is not known of GreetingNotice"),
        ("{% for line in lines %}{{ line.price }}{% endfor %}", "greeting.j2 uses `line.price`"),
    ],
)
def test_template_that_uses_what_its_notice_has_not_is_refused(folder: Path, body: str, fault: str) -> None:
    _write(folder, body)

    with pytest.raises(TemplateMismatch) as refused:
        _open(folder)

    assert fault in str(refused.value)


def test_template_without_a_notice_is_refused(folder: Path) -> None:
    _write(folder, "x")

    with pytest.raises(TemplateMismatch, match=r"no notice uses greeting\.j2"):
        _open(folder, ())


def test_notice_without_a_template_is_refused(folder: Path) -> None:
    with pytest.raises(TemplateMismatch, match=r"GreetingNotice has no template greeting\.j2"):
        _open(folder)


def test_each_template_of_the_shop_belongs_to_one_notice() -> None:
    assert len({template_of(kind) for kind in NOTICE_KINDS}) == len(NOTICE_KINDS)
