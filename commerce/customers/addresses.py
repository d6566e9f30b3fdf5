"""Where a customer's orders go: sealed but for the state, which tax and shipping rules ask for."""

import json
from dataclasses import asdict, replace

from sqlalchemy import RowMapping

from commerce.customers import store
from commerce.customers.contact import (
    MOST_ADDRESSES,
    Address,
    AddressNotFound,
    NewAddress,
    TooManyAddresses,
    tidy_address,
)
from commerce.customers.service import Customers
from foundation.clock import Clock
from foundation.crypto import DataKeys
from foundation.ids import new_id
from foundation.sql import Ledger

PLACE = "addresses"


class Addresses:
    def __init__(self, ledger: Ledger, customers: Customers, keys: DataKeys, *, now: Clock) -> None:
        self._ledger = ledger
        self._customers = customers
        self._keys = keys
        self._now = now

    def list(self, customer_id: str) -> list[Address]:
        """The default first."""
        with self._ledger.autocommit() as connection:
            rows = store.addresses_of(connection, customer_id)
        return [self._address(row) for row in rows]

    def find(self, customer_id: str, address_id: str) -> Address:
        found = next((each for each in self.list(customer_id) if each.id == address_id), None)
        if found is None:
            raise AddressNotFound
        return found

    def default(self, customer_id: str) -> Address | None:
        return next((each for each in self.list(customer_id) if each.is_default), None)

    def add(self, customer_id: str, new: NewAddress, *, is_default: bool = False) -> Address:
        """The first one is the default whatever is asked."""
        tidied = tidy_address(new)
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            known = store.addresses_of(connection, customer_id)
            if len(known) >= MOST_ADDRESSES:
                raise TooManyAddresses
            address_id = new_id("adr")
            row = {
                "id": address_id,
                "customer_id": customer_id,
                "is_default": False,
                "created_at": self._now(),
            }
            store.add_address(connection, row | self._values(customer_id, address_id, tidied))
            if is_default or not known:
                store.make_default(connection, customer_id, address_id)
            return self.find(customer_id, address_id)

    def change(self, customer_id: str, address_id: str, new: NewAddress) -> Address:
        tidied = tidy_address(new)
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            self.find(customer_id, address_id)
            store.put_address(connection, address_id, self._values(customer_id, address_id, tidied))
            return self.find(customer_id, address_id)

    def make_default(self, customer_id: str, address_id: str) -> Address:
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            self.find(customer_id, address_id)
            store.make_default(connection, customer_id, address_id)
            return self.find(customer_id, address_id)

    def remove(self, customer_id: str, address_id: str) -> None:
        """The oldest of the others becomes the default when this one was."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            removed = self.find(customer_id, address_id)
            store.drop_address(connection, address_id)
            others = store.addresses_of(connection, customer_id)
            if removed.is_default and others:
                store.make_default(connection, customer_id, others[0]["id"])

    def _values(self, customer_id: str, address_id: str, address: NewAddress) -> dict[str, str]:
        text = json.dumps(asdict(address), ensure_ascii=False)
        return {
            "sealed": self._keys.seal(customer_id, text, context=f"{PLACE}.{address_id}"),
            "state": address.state,
        }

    def _address(self, row: RowMapping) -> Address:
        text = self._keys.open(row["customer_id"], row["sealed"], context=f"{PLACE}.{row['id']}")
        return replace(Address(**json.loads(text)), id=row["id"], is_default=row["is_default"])
