"""Charge a card once per key, whatever crashes or is asked again.

The intent is committed before the gateway is called and the answer right after it,
each on its own; only `delivered_at` commits together with what was bought. So after a
crash the same key finds what happened, and money that bought nothing is found and returned.
"""

import json
from datetime import timedelta
from typing import Any

from commerce.payments import store
from commerce.payments.models import (
    INVOICE_LENGTH,
    Card,
    CardDeclined,
    CardNotAccepted,
    KeyReused,
    NoCardOnFile,
    NothingToPay,
    Payment,
    PaymentFailed,
    PaymentHeld,
    PaymentReturned,
    PaymentStatus,
    PaymentUnsettled,
    refuse_card_number,
)
from commerce.payments.ports import (
    DUPLICATE_WINDOW,
    CardGateway,
    Charge,
    GatewayAnswer,
    GatewaySilent,
    StoredCard,
    Verdict,
)
from foundation.clock import Clock
from foundation.crypto import DataKeys, LookupDigest
from foundation.ids import new_id
from foundation.money import Money
from foundation.sql import Ledger

PATIENCE = timedelta(minutes=1)
"""How long an intent may wait for its answer before it is looked up."""
UNDELIVERED = timedelta(hours=1)
"""How long money may wait for what it buys before it is returned."""

OUTCOME = {
    Verdict.APPROVED: PaymentStatus.APPROVED,
    Verdict.DECLINED: PaymentStatus.DECLINED,
    Verdict.ERROR: PaymentStatus.FAILED,
    Verdict.HELD: PaymentStatus.HELD,
}


class Payments:
    def __init__(
        self, ledger: Ledger, gateway: CardGateway, keys: DataKeys, digests: LookupDigest, *, now: Clock
    ) -> None:
        self._ledger = ledger
        self._gateway = gateway
        self._keys = keys
        self._digests = digests
        self._now = now

    def add_card(self, customer_id: str, *, nonce: str) -> Card:
        """Store the card behind a nonce as the customer's default; the same nonce gives the same card."""
        refuse_card_number(nonce)
        digest = self._digests.digest("cards.nonce", nonce)
        with self._ledger.transaction() as connection:
            store.hold_key(connection, f"card:{customer_id}")
            known = store.card_by_nonce(connection, customer_id, digest)
            if known is not None:
                return known
            stored = self._store_card(customer_id, nonce)
            row: dict[str, Any] = {
                "id": new_id("crd"),
                "customer_id": customer_id,
                "token_sealed": self._keys.seal(customer_id, stored.token, context="cards.token"),
                "nonce_digest": digest,
                "brand": stored.brand,
                "last_four": stored.last_four,
                "is_default": True,
                "created_at": self._now(),
            }
            store.add_card(connection, row)
        return Card(row["id"], customer_id, stored.brand, stored.last_four, is_default=True)

    def cards(self, customer_id: str) -> list[Card]:
        with self._ledger.transaction() as connection:
            return store.cards_of(connection, customer_id)

    def default_card(self, customer_id: str) -> Card:
        with self._ledger.transaction() as connection:
            card = store.default_card(connection, customer_id)
        if card is None:
            raise NoCardOnFile
        return card

    def charge(self, customer_id: str, *, amount: Money, description: str, key: str) -> Payment:
        """The approved payment for this key; any other outcome is raised as a refusal.

        Call it inside the transaction that books what is bought, and `deliver` there too.
        """
        if amount.cents <= 0:
            raise NothingToPay
        with self._ledger.transaction() as connection:
            store.hold_key(connection, key)
            payment = store.by_key(connection, key)
            if payment is None:
                payment = self._ask(
                    self._intend(customer_id, amount=amount, description=description, key=key)
                )
            elif (payment.customer_id, payment.amount) != (customer_id, amount):
                raise KeyReused
            elif payment.status is PaymentStatus.PENDING:
                payment = self._ask_again(payment)
            return self._approved(payment)

    def begun(self, key: str) -> tuple[Payment, Card] | None:
        """The payment of this key and the card it goes to, however far it has come."""
        with self._ledger.transaction() as connection:
            payment = store.by_key(connection, key)
        return None if payment is None else (payment, self._card_of(payment))

    def deliver(self, payment: Payment) -> None:
        """Say that what was bought is booked; commits, or is forgotten, together with the booking."""
        with self._ledger.transaction() as connection:
            store.mark_delivered(connection, payment.id, self._now())

    def give_back(self, key: str, *, reason: str) -> None:
        """Return what was charged for this key and bought nothing. A silent gateway only delays it."""
        with self._ledger.separately() as connection:
            payment = store.by_key(connection, key)
            if payment is None or payment.is_delivered or payment.status is not PaymentStatus.APPROVED:
                return
            payment = store.change(connection, payment, status=PaymentStatus.RETURNING, return_reason=reason)
        self._return(payment)

    def reconcile(self) -> int:
        """Finish what a crash or a silent gateway has left; how many payments were finished."""
        now = self._now()
        with self._ledger.transaction() as connection:
            left = store.unfinished(
                connection, opened_before=now - PATIENCE, approved_before=now - UNDELIVERED
            )
        return sum(self._finish(payment.key) for payment in left)

    def _intend(self, customer_id: str, *, amount: Money, description: str, key: str) -> Payment:
        payment = Payment(
            id=new_id("pay"),
            key=key,
            customer_id=customer_id,
            card_id=self.default_card(customer_id).id,
            amount=amount,
            description=description,
            invoice=new_id("i")[:INVOICE_LENGTH],
            status=PaymentStatus.PENDING,
            transaction_id=None,
            created_at=self._now(),
        )
        with self._ledger.separately() as connection:
            store.add(connection, payment)
        return payment

    def _ask(self, payment: Payment) -> Payment:
        try:
            answer = self._gateway.charge(self._charge_of(payment))
        except GatewaySilent as silence:
            found = self._look_up(payment)
            if found is None:
                raise PaymentUnsettled from silence
            answer = found
        return self._record(payment, answer)

    def _ask_again(self, payment: Payment) -> Payment:
        """An intent without an answer: look first, and only send the same invoice again if there is none.

        Should the first request still be on its way, the gateway's duplicate window
        makes both one charge.
        """
        try:
            found = self._gateway.find(payment.invoice)
        except GatewaySilent as silence:
            raise PaymentUnsettled from silence
        if found is not None:
            return self._record(payment, found)
        if self._now() - payment.created_at >= DUPLICATE_WINDOW:
            return self._record(payment, GatewayAnswer(Verdict.ERROR))
        return self._ask(payment)

    def _look_up(self, payment: Payment) -> GatewayAnswer | None:
        try:
            return self._gateway.find(payment.invoice)
        except GatewaySilent:
            return None

    def _record(self, payment: Payment, answer: GatewayAnswer) -> Payment:
        said = json.dumps(dict(answer.response), sort_keys=True)
        sealed = self._keys.seal(payment.customer_id, said, context="payments.response")
        with self._ledger.separately() as connection:
            return store.change(
                connection,
                payment,
                status=OUTCOME[answer.verdict],
                transaction_id=answer.transaction_id,
                response_sealed=sealed,
                answered_at=self._now(),
            )

    def _approved(self, payment: Payment) -> Payment:
        match payment.status:
            case PaymentStatus.APPROVED:
                return payment
            case PaymentStatus.DECLINED:
                raise CardDeclined(self._card_of(payment))
            case PaymentStatus.HELD:
                raise PaymentHeld
            case PaymentStatus.FAILED:
                raise PaymentFailed
            case PaymentStatus.PENDING:
                raise PaymentUnsettled
            case _:
                raise PaymentReturned

    def _return(self, payment: Payment) -> bool:
        if payment.transaction_id is None:
            raise ValueError(f"{payment.id} was approved without a transaction")
        status = PaymentStatus.VOIDED
        try:
            answer = self._gateway.void(payment.transaction_id)
            if answer.verdict is not Verdict.APPROVED:
                status = PaymentStatus.REFUNDED
                answer = self._gateway.refund(payment.transaction_id, payment.amount)
        except GatewaySilent:
            return False
        if answer.verdict is not Verdict.APPROVED:
            return False
        with self._ledger.separately() as connection:
            store.change(connection, payment, status=status, returned_at=self._now())
        return True

    def _finish(self, key: str) -> bool:
        with self._ledger.separately() as connection:
            if not store.try_hold_key(connection, key):
                return False
            payment = store.by_key(connection, key)
            match payment:
                case Payment(status=PaymentStatus.PENDING):
                    return self._settle(payment)
                case Payment(status=PaymentStatus.RETURNING):
                    return self._return(payment)
                case Payment(status=PaymentStatus.APPROVED, is_delivered=False):
                    self.give_back(key, reason="nothing was delivered for it")
                    return True
                case _:
                    return False

    def _settle(self, payment: Payment) -> bool:
        try:
            found = self._gateway.find(payment.invoice)
        except GatewaySilent:
            return False
        self._record(payment, found or GatewayAnswer(Verdict.ERROR))
        return True

    def _store_card(self, customer_id: str, nonce: str) -> StoredCard:
        try:
            stored = self._gateway.store_card(customer_id, nonce)
        except GatewaySilent as silence:
            raise CardNotAccepted from silence
        if stored is None:
            raise CardNotAccepted
        return stored

    def _charge_of(self, payment: Payment) -> Charge:
        with self._ledger.transaction() as connection:
            _, sealed = store.card(connection, payment.card_id)
        token = self._keys.open(payment.customer_id, sealed, context="cards.token")
        return Charge(token, payment.amount, payment.invoice, payment.description)

    def _card_of(self, payment: Payment) -> Card:
        with self._ledger.transaction() as connection:
            card, _ = store.card(connection, payment.card_id)
        return card
