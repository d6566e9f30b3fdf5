import shutil
from pathlib import Path

import pytest

from foundation.migrations import FOLDER
from foundation.migrations.digests import MigrationsAltered, check, check_landed, record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of our migrations."""
    return Path(shutil.copytree(FOLDER, tmp_path / "migrations"))


def test_every_migration_is_as_it_landed() -> None:
    check()


@pytest.mark.parametrize("name", ["0003_payments.sql", "0010_learning.py"])
def test_changed_file_is_refused_by_name(folder: Path, name: str) -> None:
    with (folder / "versions" / name).open("a") as file:
        file.write("\n")

    with pytest.raises(MigrationsAltered, match=rf"^{name} was changed after it landed: restore it, and"):
        check(folder)


def test_missing_file_is_refused_by_name(folder: Path) -> None:
    (folder / "versions" / "0008_notices.sql").unlink()

    with pytest.raises(MigrationsAltered, match=r"^0008_notices\.sql is missing"):
        check(folder)


def test_new_file_is_refused_until_it_is_recorded(folder: Path) -> None:
    (folder / "versions" / "9999_later.sql").write_text("SELECT 1;\n")
    check_landed(folder)

    with pytest.raises(MigrationsAltered, match=r"^9999_later\.sql has no recorded digest"):
        check(folder)
    assert record(folder) == ["9999_later.sql"]
    check(folder)


def test_changed_file_is_not_recorded_anew(folder: Path) -> None:
    recorded = (folder / "digests.toml").read_text()
    (folder / "versions" / "0003_payments.sql").write_text("SELECT 1;\n")

    with pytest.raises(MigrationsAltered):
        record(folder)

    assert (folder / "digests.toml").read_text() == recorded
