"""The shape of the repository: a new top-level folder or a setting needs a decision."""

import re
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from foundation import settings

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "agent",
    "api",
    "commerce",
    "connectors",
    "demo",
    "docs",
    "evals",
    "foundation",
    "memory",
    "tests",
    "tools",
}
MADE = {"var", "build", "dist", "__pycache__"}
EXAMPLE = (ROOT / ".env.example").read_text()
PARTS = [
    each for each in vars(settings).values() if isinstance(each, type) and issubclass(each, BaseSettings)
]
FIELDS = [field for part in PARTS for field in part.model_fields.values() if field.alias]


def shown_default(field: FieldInfo) -> str | None:
    """As a line of `.env`; None where it depends on other settings."""
    if field.default is PydanticUndefined:
        return None
    if isinstance(field.default, tuple):
        return ",".join(field.default)
    return "" if field.default is None else str(field.default)


class TestFolders:
    def test_there_are_no_others_than_the_project_has(self) -> None:
        found = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in MADE}

        assert {name for name in found if not name.startswith(".") and "." not in name} == FOLDERS

    def test_every_module_says_what_it_is_for(self) -> None:
        modules = [path for folder in FOLDERS - {"tests"} for path in (ROOT / folder).rglob("*.py")]
        written = [path for path in modules if path.stat().st_size and "versions" not in path.parts]

        assert [str(path) for path in written if not path.read_text().startswith(('"""', 'r"""'))] == []


class TestEnvExample:
    def test_it_shows_every_setting_and_no_other(self) -> None:
        assert set(re.findall(r"^#([A-Z_]+)=", EXAMPLE, re.MULTILINE)) == {field.alias for field in FIELDS}

    def test_it_shows_the_defaults_that_hold(self) -> None:
        shown = dict(re.findall(r"^#([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))

        for field in FIELDS:
            default = shown_default(field)
            assert default is None or shown[str(field.alias)] == default

    def test_copied_as_it_is_it_changes_nothing(self) -> None:
        assert not [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")]
