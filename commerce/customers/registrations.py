"""Registrations whose e-mail address nobody has shown to be theirs: an account comes of it with the code."""

import json
from dataclasses import asdict
from datetime import timedelta

from commerce.customers import access_store
from commerce.customers.models import NewCustomer, tidy
from commerce.customers.service import AlreadyRegistered, Customers
from foundation.clock import Clock
from foundation.crypto import DataKeys
from foundation.ids import new_id
from foundation.sql import Ledger

KEPT = timedelta(days=7)
SEALED_AS = "registrations.form"


class Registrations:
    def __init__(self, ledger: Ledger, customers: Customers, keys: DataKeys, *, now: Clock) -> None:
        self._ledger = ledger
        self._customers = customers
        self._keys = keys
        self._now = now

    def put(self, new: NewCustomer) -> str:
        """Keep the form; the id that the customer will have. Of several for an address the latest counts.

        Raises:
            AlreadyRegistered: when it has an account.
        """
        form = tidy(new)
        if self._customers.id_of(form.email):
            raise AlreadyRegistered
        row = {
            "customer_id": new_id("cus"),
            "email_digest": self._customers.email_digest(form.email),
            "form_sealed": "",
            "at": self._now(),
        }
        with self._ledger.transaction() as connection:
            customer_id = access_store.hold_registration(connection, row)
            sealed = self._keys.seal(customer_id, json.dumps(asdict(form)), context=SEALED_AS)
            access_store.put_form(connection, customer_id, sealed)
        return customer_id

    def id_of(self, email: str) -> str | None:
        """The id that waits for whoever can read what is sent there."""
        with self._ledger.autocommit() as connection:
            return access_store.registered_as(connection, self._customers.email_digest(email))

    def complete(self, customer_id: str) -> None:
        """Open the account, in the caller's transaction; nothing where it is open."""
        with self._ledger.transaction() as connection:
            sealed = access_store.take_registration(connection, customer_id)
            if sealed is not None:
                form = json.loads(self._keys.open(customer_id, sealed, context=SEALED_AS))
                self._customers.register(NewCustomer(**form), customer_id=customer_id)

    def prune(self) -> int:
        """Forget those of a week ago, and what was sealed for them; how many."""
        with self._ledger.transaction() as connection:
            stale = access_store.drop_registrations(connection, before=self._now() - KEPT)
            for customer_id in stale:
                self._keys.shred(customer_id)
        return len(stale)
