"""The warehouse of one machine: Parquet files with their catalog in the ledger's PostgreSQL, read by DuckDB.

Any number of processes read and write at once; each attaches at first use.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from foundation.clock import Clock
from foundation.files import locked
from foundation.resilience import retry
from foundation.warehouse.base import CATALOG_SCHEMA, Rejection, Row, WarehouseUnavailable
from foundation.warehouse.schema import Field, FieldType, Table

NAME = "warehouse"
EXTENSIONS = ("duckdb_extension_postgres_scanner", "duckdb_extension_ducklake")
OPTIONS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "1GB",
    "threads": 2,
}
DUCKDB_TYPES = {
    FieldType.STRING: "VARCHAR",
    FieldType.INT64: "BIGINT",
    FieldType.FLOAT64: "DOUBLE",
    FieldType.BOOL: "BOOLEAN",
    FieldType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    FieldType.DATE: "DATE",
    FieldType.JSON: "JSON",
}
PURGE = (
    f"CALL ducklake_flush_inlined_data('{NAME}')",
    f"CALL ducklake_rewrite_data_files('{NAME}', delete_threshold => 0.0)",
    f"CALL ducklake_merge_adjacent_files('{NAME}')",
    f"CALL ducklake_expire_snapshots('{NAME}', older_than => now())",
    f"CALL ducklake_cleanup_old_files('{NAME}', cleanup_all => true)",
)
"""Afterwards no file holds a row that was deleted: old snapshots and the files only they needed are gone.
The catalog's column statistics still know each column's extremes, sealed as they came."""

retry_conflicts = retry(on=duckdb.TransactionException, attempts=6, deadline=timedelta(seconds=10))


class DuckLake:
    def __init__(
        self,
        ledger_url: str,
        folder: Path,
        tables: Mapping[str, Table],
        *,
        now: Clock,
        read_only: bool = False,
    ) -> None:
        """`tables` by topic; others that a warehouse has are left as they are."""
        self._conninfo = _conninfo(ledger_url)
        self._tables = tables
        self._folder = folder.resolve()
        self._now = now
        self._read_only = read_only
        self._opening = threading.Lock()
        self._database: duckdb.DuckDBPyConnection | None = None
        self._pid = os.getpid()
        self._inherited: list[duckdb.DuckDBPyConnection] = []
        """Databases of a parent, kept unused: to close one would wait for threads that a fork has lost."""

    def ensure(self) -> None:
        with self._connection() as connection:
            present = _columns(connection)
        tables = self._tables.values()
        statements = [line for table in tables for line in _missing(table, present.get(table.name))]
        if statements:
            self._write("; ".join(["BEGIN", *statements, "COMMIT"]))

    def append(self, table: str, rows: Sequence[Row]) -> list[Rejection]:
        target = self._tables[table]
        faults = [target.fault(row) for row in rows]
        fitting = [row for row, fault in zip(rows, faults, strict=True) if fault is None]
        if fitting:
            text = json.dumps(_latest(fitting, target), default=_as_text, ensure_ascii=False)
            with self._sole_writer(target):
                self._write(_merge(target), {"rows": text})
        return [Rejection(position, fault) for position, fault in enumerate(faults) if fault is not None]

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        with self._connection() as connection:
            result = connection.execute(sql, dict(parameters or {}))
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def drift(self) -> list[str]:
        with self._connection() as connection:
            present = _columns(connection)
        return [line for table in self._tables.values() for line in _drift(table, present.get(table.name))]

    def erase(self, customer_id: str) -> dict[str, int]:
        erased = {}
        for table in self._tables.values():
            if table.names_customer and not table.is_kept_by_law:
                where = "customer_id = $customer_id"
                erased[table.name] = self._delete(table, where, {"customer_id": customer_id})
        return erased

    def maintain(self) -> dict[str, int]:
        dropped = {}
        for table in self._tables.values():
            if table.day is not None and table.kept_days is not None:
                oldest = self._now() - timedelta(days=table.kept_days)
                dropped[table.name] = self._delete(table, f'"{table.day}" < $oldest', {"oldest": oldest})
        for statement in PURGE:
            self._write(statement)
        return dropped

    def close(self) -> None:
        with self._opening:
            self._leave_inherited()
            if self._database is not None:
                self._database.close()
                self._database = None

    def _leave_inherited(self) -> None:
        """After a fork the child opens a database of its own."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            if self._database is not None:
                self._inherited.append(self._database)
            self._database = None

    def _delete(self, table: Table, where: str, parameters: Mapping[str, Any]) -> int:
        sql = f"DELETE FROM {table.name} WHERE {where}"  # noqa: S608 - names come from the declaration
        return int(self._write(sql, parameters)[0][0])

    def _write(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Retried when another writer commits concurrently."""

        @retry_conflicts
        def attempt() -> list[tuple[Any, ...]]:
            with self._connection() as connection:
                return connection.execute(sql, parameters).fetchall()

        try:
            return attempt()
        except duckdb.TransactionException as error:
            raise WarehouseUnavailable from error

    @contextmanager
    def _sole_writer(self, table: Table) -> Iterator[None]:
        """Two concurrent merges would both find a new key absent, and insert it twice."""
        with ExitStack() as held:
            try:
                held.enter_context(locked(self._folder / f"{table.topic}.lock"))
            except OSError as error:
                raise WarehouseUnavailable from error
            yield

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor on this process's lake, reconnected after an outage of PostgreSQL."""
        try:
            cursor = self._attached().cursor()
            try:
                cursor.execute(f"USE {NAME}")
                yield cursor
            finally:
                cursor.close()
        except duckdb.TransactionException:
            raise
        except (duckdb.OperationalError, OSError) as error:
            raise WarehouseUnavailable from error

    def _attached(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            self._leave_inherited()
            if self._database is None:
                database = duckdb.connect(config=OPTIONS)
                try:
                    self._attach(database)
                except duckdb.InvalidInputException as error:  # nobody has made it, and a reader does not
                    database.close()
                    raise WarehouseUnavailable from error
                except duckdb.Error:
                    database.close()
                    raise
                self._database = database
            return self._database

    def _attach(self, database: duckdb.DuckDBPyConnection) -> None:
        for extension in EXTENSIONS:
            database.load_extension(str(_extension_file(extension)))
        database.execute("SET GLOBAL TimeZone = 'UTC'")
        self._folder.mkdir(parents=True, exist_ok=True)
        options = [f"DATA_PATH {_quoted(str(self._folder))}", f"METADATA_SCHEMA '{CATALOG_SCHEMA}'"]
        options += ["READ_ONLY"] if self._read_only else []
        source = _quoted(f"ducklake:postgres:{self._conninfo}")
        database.execute(f"ATTACH {source} AS {NAME} ({', '.join(options)})")


def _conninfo(ledger_url: str) -> str:
    url = make_url(ledger_url)
    host = url.host or url.query.get("host")
    parts = {
        "dbname": url.database,
        "host": host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
    }
    return make_conninfo(**{name: str(value) for name, value in parts.items() if value is not None})


def _extension_file(package: str) -> Path:
    """DuckDB would download it; the wheel carries it."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return next(Path(found.origin).parent.rglob("*.duckdb_extension"))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _as_text(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not go into the warehouse")


def _latest(rows: Sequence[Row], table: Table) -> list[dict[str, Any]]:
    """One row for each key: the one that would remain if they were appended one by one."""
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in table.key)
        earlier = kept.get(key)
        if earlier is None or (table.latest_by and _moment(row, table) > _moment(earlier, table)):
            kept[key] = row
    empty = dict.fromkeys((field.name for field in table.fields), None)
    return [{**empty, "version": table.version, **row} for row in kept.values()]


def _moment(row: Row, table: Table) -> datetime:
    value = row[table.latest_by or ""]
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _merge(table: Table) -> str:
    types = json.dumps([{field.name: DUCKDB_TYPES[field.type] for field in table.fields}])
    source = f"SELECT unnest(from_json_strict($rows, {_quoted(types)}), max_depth := 2)"
    same = " AND ".join(f'kept."{name}" = new."{name}"' for name in table.key)
    sql = f"MERGE INTO {table.name} AS kept USING ({source}) AS new ON {same}"
    if table.latest_by:
        newer = f'new."{table.latest_by}" > kept."{table.latest_by}"'
        values = ", ".join(f'"{field.name}" = new."{field.name}"' for field in table.fields)
        sql += f" WHEN MATCHED AND {newer} THEN UPDATE SET {values}"
    return sql + " WHEN NOT MATCHED THEN INSERT BY NAME"


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """The types of the existing columns, by table."""
    rows = connection.execute(
        "SELECT table_schema || '.' || table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_catalog = $catalog",
        {"catalog": NAME},
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def creation(table: Table) -> list[str]:
    """The statements that make the table."""
    fields = ", ".join(_definition(field) for field in table.fields)
    made = [
        f"CREATE SCHEMA IF NOT EXISTS {table.dataset}",
        f"CREATE TABLE IF NOT EXISTS {table.name} ({fields})",
    ]
    days = ", ".join(f'{part}("{table.day}")' for part in ("year", "month", "day"))
    return [*made, f"ALTER TABLE {table.name} SET PARTITIONED BY ({days})"] if table.day else made


def _missing(table: Table, present: Mapping[str, str] | None) -> list[str]:
    if present is None:
        return creation(table)
    absent = [field for field in table.fields if field.name not in present and not field.is_required]
    return [f"ALTER TABLE {table.name} ADD COLUMN IF NOT EXISTS {_definition(field)}" for field in absent]


def _definition(field: Field) -> str:
    return f'"{field.name}" {DUCKDB_TYPES[field.type]}' + (" NOT NULL" if field.is_required else "")


def _drift(table: Table, present: Mapping[str, str] | None) -> Iterator[str]:
    if present is None:
        yield f"{table.name} is missing: start the service once, or call ensure()."
        return
    for field in table.fields:
        kind = present.get(field.name)
        if kind is None and field.is_required:
            yield f"{table.name}.{field.name} is missing and required: add it, with a value for the old rows."
        elif kind is None:
            yield f"{table.name}.{field.name} is missing: start the service once, or call ensure()."
        elif kind != DUCKDB_TYPES[field.type]:
            yield f"{table.name}.{field.name} is {kind}, not {field.type}: copy the table over."
    for name in present.keys() - {field.name for field in table.fields}:
        yield f"{table.name}.{name} is not declared: declare it in the schema, or drop it."
