"""A card gateway for the demo shop and the tests: a card's token says how its charges end.

It keeps its own records and commits them in transactions of their own, as a remote system
would, so that a test can count what was really charged.
"""

from commerce.payments.ports import StoredCard
from commerce.payments.sandbox_plans import SandboxPlans, kind_of
from commerce.payments.sandbox_store import sandbox_charges, sandbox_plans, sandbox_refunds
from commerce.payments.sandbox_transactions import SandboxTransactions
from foundation.clock import Clock
from foundation.sql import Ledger

__all__ = ["CARDS", "SandboxGateway", "sandbox_charges", "sandbox_plans", "sandbox_refunds"]

CARDS = {
    "tok_approve": ("Visa", "1111"),
    "tok_decline": ("Visa", "0002"),
    "tok_error": ("Mastercard", "0119"),
    "tok_hold": ("Amex", "0005"),
    "tok_timeout": ("Discover", "1117"),
}
"""`tok_timeout` is charged, but its answer is lost.

`tok_approve.anything` is a card of its own, whoever has it; without a dot, each customer has another one.
"""


class SandboxCards:
    """Nothing is stored: the token says all there is to know of a card."""

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        kind = kind_of(nonce)
        if kind not in CARDS:
            return None
        marks = f"{kind}.{customer_id}" if kind == nonce else nonce
        return StoredCard(nonce, *CARDS[kind], marks=marks, is_unmistakable=True)

    def stored_cards(self, customer_id: str) -> list[StoredCard]:  # noqa: ARG002 - part of the port
        return []

    def forget_card(self, token: str) -> None: ...


class SandboxGateway:
    def __init__(self, ledger: Ledger, *, now: Clock) -> None:
        self.cards = SandboxCards()
        self.transactions = SandboxTransactions(ledger, now=now)
        self.plans = SandboxPlans(ledger, now=now)
