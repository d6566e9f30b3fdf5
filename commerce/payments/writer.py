"""What every part of the payments room works with, and how a change of a payment is written and told."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from commerce.payments import card_store, store
from commerce.payments.models import Card, Payment
from commerce.payments.ports import CardGateway
from foundation.clock import Clock
from foundation.crypto import DataKeys, LookupDigest
from foundation.outbox import Outbox
from foundation.sql import Ledger


class Till:
    def __init__(
        self,
        ledger: Ledger,
        gateway: CardGateway,
        keys: DataKeys,
        digests: LookupDigest,
        outbox: Outbox,
        *,
        now: Clock,
    ) -> None:
        self._ledger = ledger
        self._gateway = gateway
        self._keys = keys
        self._digests = digests
        self._outbox = outbox
        self._now = now

    def _change(self, payment: Payment, **values: object) -> Payment:
        """Commit the values on their own, unless the status has changed meanwhile; it as it now stands."""
        with self._ledger.separately():
            return self._write(payment, **values)

    def _write(self, payment: Payment, **values: object) -> Payment:
        """The same as a part of the transaction that is open."""
        with self._ledger.transaction() as connection:
            changed = store.change(connection, payment, **values)
            self._tell(changed)
        return changed

    def _tell(self, payment: Payment) -> None:
        fact = payment_fact(payment, at=self._now())
        self._outbox.append("payments", fact, customer_id=payment.customer_id)

    def _seal(self, customer_id: str, response: Mapping[str, Any], *, context: str) -> str:
        said = json.dumps(dict(response), sort_keys=True)
        return self._keys.seal(customer_id, said, context=context)

    def _token_of(self, card_id: str) -> str:
        with self._ledger.transaction() as connection:
            card, sealed = card_store.find(connection, card_id)
        return self._keys.open(card.customer_id, sealed, context="cards.token")

    def _card_of(self, card_id: str) -> Card:
        with self._ledger.transaction() as connection:
            card, _ = card_store.find(connection, card_id)
        return card


def payment_fact(payment: Payment, *, at: datetime) -> dict[str, Any]:
    """The row of the warehouse."""
    return {
        "id": payment.id,
        "customer_id": payment.customer_id,
        "invoice": payment.invoice,
        "description": payment.description,
        "status": payment.status,
        "currency": payment.amount.currency,
        "amount_cents": payment.amount.cents,
        "refunded_cents": payment.refunded.cents,
        "created_at": payment.created_at.isoformat(),
        "updated_at": at.isoformat(),
    }
