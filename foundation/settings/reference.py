"""Write `docs/settings.md` and `.env.example` from the settings' own descriptions: `make docs`."""

import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from foundation.settings.models import Settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "settings.md"
EXAMPLE = ROOT / ".env.example"
COMMENT_WIDTH = 100
PAGE_HEAD = """# Settings

Set them as environment variables or as lines of `.env` (copy `.env.example`).
The environment takes precedence.
In development, missing secrets are drawn once into `var/development-secrets.json`.
This page is generated from `foundation/settings/models.py` by `make docs`.
"""
EXAMPLE_HEAD = """\
# Copy to .env and uncomment what you change. The values shown are the defaults, as in docs/settings.md.
# Generated from foundation/settings/models.py by `make docs`. An environment variable takes precedence.
"""


def sections() -> Iterator[tuple[str, dict[str, FieldInfo]]]:
    """Each group of settings: its title, and its fields by the name of their environment variable."""
    parts = (field.annotation for field in Settings.model_fields.values())
    groups = [part for part in parts if isinstance(part, type) and issubclass(part, BaseSettings)]
    every: list[type[BaseSettings]] = [Settings, *groups]
    for group in every:
        fields = {field.alias: field for field in group.model_fields.values() if field.alias}
        yield (inspect.getdoc(group) or "").rstrip("."), fields


def default_of(field: FieldInfo) -> str | None:
    """As a line of `.env` has it; None where it is computed from other settings or secret."""
    default = field.default
    if default is PydanticUndefined:
        return None
    if isinstance(default, tuple):
        return ",".join(default)
    if hasattr(default, "get_secret_value"):
        return str(default.get_secret_value())
    return "" if default is None else str(default)


def settings_page() -> str:
    parts = [PAGE_HEAD]
    for title, fields in sections():
        rows = "\n".join(_row(name, field) for name, field in fields.items())
        parts.append(f"## {title}\n\n| name | default | description |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def env_example() -> str:
    parts = [EXAMPLE_HEAD]
    for title, fields in sections():
        lines = [f"# --- {title} ---", *(line for item in fields.items() for line in _entry(*item))]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _row(name: str, field: FieldInfo) -> str:
    default = default_of(field)
    shown = f"`{default}`" if default else "none" if default == "" else "see description"
    return f"| `{name}` | {shown} | {' '.join(str(field.description).split())} |"


def _entry(name: str, field: FieldInfo) -> list[str]:
    comment = textwrap.wrap(" ".join(str(field.description).split()), COMMENT_WIDTH)
    return [*(f"# {line}" for line in comment), f"#{name}={default_of(field) or ''}"]


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(settings_page(), encoding="utf-8")
    EXAMPLE.write_text(env_example(), encoding="utf-8")
