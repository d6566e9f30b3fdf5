"""Payments: cards on file, charges, refunds and monthly subscriptions over one card gateway."""

from dataclasses import dataclass

from commerce.payments.cards import Cards
from commerce.payments.charges import Charges
from commerce.payments.held import HeldPayments
from commerce.payments.ports import CardGateway
from commerce.payments.reconciliation import Reconciliation
from commerce.payments.refunds import Refunds
from commerce.payments.subscriptions import Subscriptions
from commerce.payments.writer import PaymentWriter
from foundation.clock import Clock
from foundation.crypto import DataKeys, LookupDigest
from foundation.outbox import Outbox
from foundation.sql import Ledger


@dataclass(frozen=True)
class Payments:
    cards: Cards
    charges: Charges
    held: HeldPayments
    refunds: Refunds
    subscriptions: Subscriptions
    reconciliation: Reconciliation


def build_payments(
    ledger: Ledger, gateway: CardGateway, keys: DataKeys, digests: LookupDigest, outbox: Outbox, *, now: Clock
) -> Payments:
    writer = PaymentWriter(ledger, keys, outbox, now)
    cards = Cards(ledger, gateway, keys, digests, now=now)
    charges = Charges(writer, gateway.transactions, cards)
    refunds = Refunds(writer, gateway.transactions, cards)
    held = HeldPayments(writer, gateway.transactions, refunds)
    reconciliation = Reconciliation(writer, gateway.transactions, charges, refunds, held)
    subscriptions = Subscriptions(writer, gateway, cards, reconciliation)
    return Payments(cards, charges, held, refunds, subscriptions, reconciliation)
