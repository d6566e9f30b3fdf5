"""Register customers and find them again."""

from collections.abc import Collection

from sqlalchemy import RowMapping
from sqlalchemy.exc import IntegrityError

from commerce.customers import store
from commerce.customers.contact import Channel
from commerce.customers.models import (
    Customer,
    Details,
    NewCustomer,
    tidy,
    tidy_details,
    tidy_email,
)
from foundation.clock import Clock
from foundation.crypto import DataKeys, LookupDigest
from foundation.errors import Conflict, NotFound
from foundation.ids import new_id
from foundation.sql import Ledger


class CustomerNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Unknown customer account. Please sign in or register first.")


class AlreadyRegistered(Conflict):
    def __init__(self) -> None:
        super().__init__("There is already an account with this e-mail address.", {"field": "email"})


class Customers:
    def __init__(self, ledger: Ledger, keys: DataKeys, digests: LookupDigest, *, now: Clock) -> None:
        self._ledger = ledger
        self._keys = keys
        self._digests = digests
        self._now = now

    def register(self, new: NewCustomer, *, customer_id: str | None = None) -> Customer:
        person = tidy(new)
        customer_id = customer_id or new_id("cus")
        customer = Customer(
            customer_id, person.name, person.email, person.phone, person.state, created_at=self._now()
        )
        with self._ledger.transaction() as connection:
            if not store.add(connection, self.row(customer)):
                raise AlreadyRegistered
        return customer

    def row(self, customer: Customer) -> dict[str, object]:
        """The customer as stored: sealed under their own key, found by digest."""
        details = Details(customer.name, customer.phone, customer.state)
        return {
            "id": customer.id,
            "email_sealed": self._keys.seal(customer.id, customer.email, context="customers.email"),
            "email_digest": self.email_digest(customer.email),
            "created_at": customer.created_at,
            "email_verified_at": customer.email_verified_at,
            "phone_verified_at": customer.phone_verified_at,
            **self._stored(customer.id, details),
        }

    def _stored(self, customer_id: str, details: Details) -> dict[str, str | None]:
        phone = details.phone
        return {
            "name_sealed": self._keys.seal(customer_id, details.name, context="customers.name"),
            "phone_sealed": phone and self._keys.seal(customer_id, phone, context="customers.phone"),
            "phone_digest": phone and self._digests.digest("phone", phone),
            "state": details.state,
        }

    def email_digest(self, email: str) -> str:
        return self._digests.digest("email", tidy_email(email))

    def id_of(self, email: str) -> str | None:
        """Whose address this is, without opening anything that is sealed."""
        with self._ledger.autocommit() as connection:
            row = store.by_email_digest(connection, self.email_digest(email))
        return row["id"] if row else None

    def change(self, customer_id: str, details: Details) -> Customer:
        """Another phone number has to be verified anew."""
        tidied = tidy_details(details)
        with self._ledger.transaction() as connection:
            self.lock(customer_id)
            known = self.find(customer_id)
            values: dict[str, object] = {**self._stored(customer_id, tidied)}
            if tidied.phone != known.phone:
                values["phone_verified_at"] = None
            store.change(connection, customer_id, values)
            return self.find(customer_id)

    def change_email(self, customer_id: str, email: str) -> Customer:
        """To one that was shown to be theirs."""
        address = tidy_email(email)
        values = {
            "email_sealed": self._keys.seal(customer_id, address, context="customers.email"),
            "email_digest": self.email_digest(address),
            "email_verified_at": self._now(),
        }
        with self._ledger.transaction() as connection:
            self.lock(customer_id)
            try:
                with connection.begin_nested():
                    store.change(connection, customer_id, values)
            except IntegrityError as error:
                raise AlreadyRegistered from error
            return self.find(customer_id)

    def mark_verified(self, customer_id: str, channel: Channel) -> None:
        """The day it was first shown stays. Whoever reads texts has the phone."""
        column = "email_verified_at" if channel is Channel.EMAIL else "phone_verified_at"
        with self._ledger.autocommit() as connection:
            store.verify(connection, customer_id, column, now=self._now())

    def find(self, customer_id: str) -> Customer:
        with self._ledger.transaction() as connection:
            row = store.find(connection, customer_id)
        if row is None:
            raise CustomerNotFound
        return self._customer(row)

    def known(self, customer_ids: Collection[str]) -> set[str]:
        """Those of them that are customers."""
        with self._ledger.autocommit() as connection:
            return store.known(connection, customer_ids)

    def lock(self, customer_id: str) -> None:
        """One change at a time for a customer: others wait here until the open transaction ends."""
        with self._ledger.transaction() as connection:
            if not store.lock(connection, customer_id):
                raise CustomerNotFound

    def _customer(self, row: RowMapping) -> Customer:
        def opened(field: str) -> str:
            return self._keys.open(row["id"], row[f"{field}_sealed"], context=f"customers.{field}")

        return Customer(
            id=row["id"],
            name=opened("name"),
            email=opened("email"),
            phone=opened("phone") if row["phone_sealed"] else None,
            state=row["state"],
            created_at=row["created_at"],
            email_verified_at=row["email_verified_at"],
            phone_verified_at=row["phone_verified_at"],
        )
