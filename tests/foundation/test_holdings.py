from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import pytest
from sqlalchemy import Column, ForeignKey, MetaData, Table, Text, insert, select
from sqlalchemy.dialects.postgresql import JSONB

from foundation.crypto import DataKeys, KeyRing
from foundation.holdings import Left, PersonalRows, Traces
from foundation.personal import IMPERSONAL, INFO, Kept, in_document, personal, through
from foundation.sql import Ledger
from foundation.sql import metadata as the_ledgers

tables = MetaData()
people = Table(
    "people",
    tables,
    Column("id", Text, primary_key=True),
    Column("name_sealed", Text, nullable=False),
    Column("mark", Text),
    info=personal(
        "id",
        kept=Kept("others refer to it", {"name_sealed": "", "mark": None}),
        sealed={"name_sealed": "people.name.{id}"},
        withheld=("mark",),
    ),
)
talks = Table(
    "talks",
    tables,
    Column("id", Text, primary_key=True),
    Column("person", Text, ForeignKey("people.id")),
    info=personal("person"),
)
words = Table(
    "words",
    tables,
    Column("talk", Text, ForeignKey("talks.id")),
    Column("said", Text),
    info=personal(through("talk", talks.c.id)),
)
tasks = Table(
    "tasks",
    tables,
    Column("payload", JSONB),
    info=personal(in_document("payload", "who", "id")),
)
prices = Table("prices", tables, Column("name", Text), info=IMPERSONAL)


@pytest.fixture
def keys(ledger: Ledger) -> DataKeys:
    return DataKeys(ledger, KeyRing({"k1": bytes(32)}))


@pytest.fixture
def rows(ledger: Ledger, keys: DataKeys) -> Iterator[PersonalRows]:
    """Ana and Ben, of whom the same is kept."""
    tables.create_all(ledger.engine)
    with ledger.transaction() as connection:
        for who in ("ana", "ben"):
            name = keys.seal(who, f"{who} the first", context=f"people.name.{who}")
            connection.execute(insert(people).values(id=who, name_sealed=name, mark=f"{who}@shop.example"))
            connection.execute(insert(talks).values(id=f"talk-{who}", person=who))
            connection.execute(insert(words).values(talk=f"talk-{who}", said="hello there, friend"))
            connection.execute(insert(tasks).values(payload={"who": {"id": who}}))
        connection.execute(insert(prices).values(name="a penny"))
    yield PersonalRows(ledger, tables, keys, spared={tasks.name: tasks.c.payload.has_key("law")})
    tables.drop_all(ledger.engine)


def _all(ledger: Ledger, table: Table) -> list[tuple[object, ...]]:
    with ledger.transaction() as connection:
        return [tuple(row) for row in connection.execute(select(table))]


class TestErase:
    def test_rows_go_and_what_the_law_keeps_is_blanked(self, ledger: Ledger, rows: PersonalRows) -> None:
        erased = rows.erase("ana")

        assert erased == {"words": 1, "talks": 1, "tasks": 1, "people": 1}
        assert ("ana", "", None) in _all(ledger, people)
        assert [talk for talk, _ in _all(ledger, talks)] == ["talk-ben"]
        assert [talk for talk, _ in _all(ledger, words)] == ["talk-ben"]
        assert _all(ledger, tasks) == [({"who": {"id": "ben"}},)]

    def test_twice_is_the_same_as_once(self, rows: PersonalRows) -> None:
        rows.erase("ana")

        assert rows.erase("ana") == {"people": 1}

    def test_spared_rows_stay_and_are_no_trace(self, ledger: Ledger, rows: PersonalRows) -> None:
        with ledger.transaction() as connection:
            connection.execute(insert(tasks).values(payload={"who": {"id": "ana"}, "law": "books"}))

        rows.erase("ana")

        assert ({"who": {"id": "ana"}, "law": "books"},) in _all(ledger, tasks)
        assert rows.left(Traces("ana")) == []


class TestExport:
    def test_it_is_opened_whole_and_theirs_alone(self, rows: PersonalRows) -> None:
        exported = rows.export("ana")

        assert exported["people"] == [{"id": "ana", "name_sealed": "ana the first"}]
        assert exported["words"] == [{"talk": "talk-ana", "said": "hello there, friend"}]
        assert "ben" not in str(exported)


class TestLeft:
    def test_nothing_is_left_after_an_erasure(self, rows: PersonalRows) -> None:
        traces = Traces("ana", marks=("ana@shop.example",), phrases=("hello there, friend",))
        assert {each.place for each in rows.left(traces)} == {"people", "talks", "words", "tasks"}

        rows.erase("ana")

        assert rows.left(traces) == []

    @pytest.mark.parametrize("word", ["ana", "ana@shop.example", "hello there, friend"])
    def test_word_in_a_table_of_nobody_is_found(self, ledger: Ledger, rows: PersonalRows, word: str) -> None:
        rows.erase("ana")
        with ledger.transaction() as connection:
            connection.execute(insert(prices).values(name=f"for {word} only"))

        found = rows.left(Traces("ana", marks=("ana@shop.example",), phrases=("hello there, friend",)))

        assert found == [Left("ledger", "prices", 1)]

    def test_address_in_the_words_of_somebody_else_is_found(self, ledger: Ledger, rows: PersonalRows) -> None:
        rows.erase("ana")
        with ledger.transaction() as connection:
            connection.execute(insert(words).values(talk="talk-ben", said="write to ana@shop.example"))

        assert rows.left(Traces("ana", marks=("ana@shop.example",))) == [Left("ledger", "words", 1)]


def test_every_table_says_what_becomes_of_it() -> None:
    for floor in ("foundation", "commerce", "memory", "tools", "agent", "api"):
        package = import_module(floor)
        for module in walk_packages(package.__path__, f"{floor}."):
            if not any(name in module.name for name in (".migrations.", ".export", ".__main__")):
                import_module(module.name)

    assert [name for name, table in the_ledgers.tables.items() if INFO not in table.info] == []
