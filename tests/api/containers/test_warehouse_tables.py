import json
from pathlib import Path
from typing import Any

import pytest

from api.containers.warehouse_tables import TABLES
from commerce.checkout.events import Purchased
from foundation.warehouse.ducklake import creation
from foundation.warehouse.schema import Table, table_of

STORED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "warehouse_schema.json").read_text())
"""The schema of warehouses that are in use."""


def shown(table: Table) -> dict[str, Any]:
    fields = [f"{each.name} {each.type}{' required' if each.is_required else ''}" for each in table.fields]
    return {
        "name": table.name,
        "key": list(table.key),
        "day": table.day,
        "kept_days": table.kept_days,
        "latest_by": table.latest_by,
        "is_kept_by_law": table.is_kept_by_law,
        "version": table.version,
        "fields": fields,
        "ddl": creation(table),
    }


def test_tables_are_those_of_warehouses_in_use() -> None:
    assert [table.name for table in TABLES.values()] == [stored["name"] for stored in STORED]


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: str(stored["name"]))
def test_table_has_the_columns_and_rules_of_warehouses_in_use(stored: dict[str, Any]) -> None:
    table = TABLES[stored["name"].split(".")[1]]

    assert shown(table) == stored


def test_purchases_of_checkout_and_of_memory_are_rows_of_one_table() -> None:
    written = table_of(Purchased, "customer_memory", key=("order_id",))

    assert [(field.name, field.type) for field in written.fields] == [
        (field.name, field.type) for field in TABLES["purchases"].fields
    ]
