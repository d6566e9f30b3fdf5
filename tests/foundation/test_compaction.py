from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, delete, insert, text

from foundation.compaction import compact
from foundation.embedded import EmbeddedPostgres
from foundation.files import holding
from foundation.settings import LedgerSettings
from foundation.sql import Ledger, open_ledger

SECRET = "the whale sings beneath the ice at noon"  # noqa: S105 - a sentence to look for
notes = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("said", Text))

pytestmark = pytest.mark.slow


@pytest.fixture
def place(servers_folder: Path) -> Iterator[tuple[Ledger, Path]]:
    folder = servers_folder / "compact"
    server = EmbeddedPostgres(folder, durable=False)
    server.start()
    ledger = open_ledger(LedgerSettings(DATABASE_URL=server.url))
    notes.create(ledger.engine)
    yield ledger, folder
    ledger.engine.dispose()
    server.stop()


def test_deleted_words_are_gone_from_the_files(place: tuple[Ledger, Path]) -> None:
    ledger, folder = place
    with ledger.transaction() as connection:
        others = [{"id": number, "said": f"row {number}"} for number in range(1, 200)]
        connection.execute(insert(notes), [{"id": 0, "said": SECRET}, *others])
    with ledger.transaction() as connection:
        connection.execute(delete(notes).where(notes.c.id == 0))
    with ledger.autocommit() as connection:
        connection.execute(text("CHECKPOINT"))
    assert len(list(holding(folder, [SECRET]))) == 2

    compact(ledger, ["notes"])

    assert list(holding(folder, [SECRET])) == []
    with ledger.transaction() as connection:
        assert len(connection.execute(notes.select()).all()) == 199


def test_folders_may_be_left_out(tmp_path: Path) -> None:
    for name in ("kept", "left"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(f"so {SECRET}.")
    (tmp_path / "empty").touch()

    assert list(holding(tmp_path, [SECRET], but=["left"])) == [tmp_path / "kept" / "file"]
