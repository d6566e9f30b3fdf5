"""The documentation names only what exists: files, routes, commands, suites, make targets and tables."""

import re
from pathlib import Path

import pytest
from starlette.routing import Route
from typer.main import get_command

from api.app import ROUTERS
from api.entrypoints.cli import app as cli
from evals import suites
from foundation.sql import metadata

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
SECTIONS = (*(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")),)
FILE = re.compile(rf"`((?:{'|'.join(SECTIONS)})/[\w./-]*)`")
ROUTE = re.compile(r"(?:`(?:[A-Z]+ )?|127\.0\.0\.1:8080)(/(?:api|console|docs)[\w/{}-]*)")
COMMAND = re.compile(r"\blivhana ([a-z][a-z-]*)")
SUITE = re.compile(r"python -m evals ([a-z]+)")
TARGET = re.compile(r"\bmake ([a-z][a-z-]*)\b(?=[ `\n]*(?:`|#|$|name=))", re.MULTILINE)
TABLE = re.compile(r"\btables? `(\w+)`")


def found(pattern: re.Pattern[str], page: Path) -> set[str]:
    return set(pattern.findall(page.read_text(encoding="utf-8")))


def routes() -> set[str]:
    paths = {route.path for router in ROUTERS for route in router.routes if isinstance(route, Route)}
    return {re.sub(r"{\w+}", "{}", path) for path in paths} | {"/docs"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestNames:
    def test_files_exist(self, page: Path) -> None:
        generated = {name for name in found(FILE, page) if name.startswith(("var/", "build/"))}

        assert {name for name in found(FILE, page) - generated if not (ROOT / name).exists()} == set()

    def test_links_lead_somewhere(self, page: Path) -> None:
        targets = set(re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")))

        assert {t for t in targets if "://" not in t and not (page.parent / t).exists()} == set()

    def test_routes_exist(self, page: Path) -> None:
        named = {re.sub(r"{\w+}", "{}", path.rstrip("/")) for path in found(ROUTE, page)}

        assert named - routes() == set()

    def test_commands_exist(self, page: Path) -> None:
        known = set(getattr(get_command(cli), "commands", {}))

        assert found(COMMAND, page) - known == set()

    def test_suites_exist(self, page: Path) -> None:
        assert found(SUITE, page) - set(suites.known()) == set()

    def test_make_targets_exist(self, page: Path) -> None:
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

        assert {t for t in found(TARGET, page) if not re.search(rf"^{t}:", makefile, re.MULTILINE)} == set()

    def test_tables_exist(self, page: Path) -> None:
        assert found(TABLE, page) - set(metadata.tables) == set()
