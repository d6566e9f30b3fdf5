import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, Text, func, select

from foundation.sql import Ledger

NOTES = Table("notes", MetaData(), Column("text", Text, nullable=False))


@pytest.fixture
def notes(ledger: Ledger) -> Iterator[Table]:
    with ledger.transaction() as connection:
        NOTES.create(connection)
    yield NOTES
    with ledger.transaction() as connection:
        NOTES.drop(connection)


def _write(connection: Connection, text: str) -> None:
    connection.execute(NOTES.insert().values(text=text))


def _count(ledger: Ledger) -> int:
    with ledger.transaction() as connection:
        return connection.execute(select(func.count()).select_from(NOTES)).scalar_one()


@pytest.mark.usefixtures("notes")
class TestTransaction:
    def test_inner_work_is_undone_with_the_outer(self, ledger: Ledger) -> None:
        def work() -> None:
            with ledger.transaction() as outer:
                _write(outer, "outer")
                with ledger.transaction() as inner:
                    _write(inner, "inner")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            work()

        assert _count(ledger) == 0

    def test_inner_transaction_is_the_outer_one(self, ledger: Ledger) -> None:
        with ledger.transaction() as outer, ledger.transaction() as inner:
            same = inner is outer

        assert same

    def test_separate_work_stays_when_the_outer_is_undone(self, ledger: Ledger) -> None:
        def work() -> None:
            with ledger.transaction() as outer:
                _write(outer, "outer")
                with ledger.new_transaction() as apart:
                    _write(apart, "intent")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            work()

        assert _count(ledger) == 1

    def test_outer_transaction_goes_on_after_separate_work(self, ledger: Ledger) -> None:
        with ledger.transaction() as outer:
            with ledger.new_transaction() as apart:
                _write(apart, "intent")
            with ledger.transaction() as inner:
                assert inner is outer

        assert _count(ledger) == 1

    def test_another_thread_does_not_join(self, ledger: Ledger) -> None:
        seen: list[int] = []

        with ledger.transaction() as outer:
            _write(outer, "not yet committed")
            thread = threading.Thread(target=lambda: seen.append(_count(ledger)))
            thread.start()
            thread.join()

        assert seen == [0]
