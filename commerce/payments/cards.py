"""Cards on file: a payment profile at the gateway for each, known here by its brand and last four digits."""

from typing import Any

from commerce.payments import card_store, gateway_store, store
from commerce.payments.models import (
    Card,
    CardInUse,
    CardNotAccepted,
    CardNotFound,
    CardUnconfirmed,
    MoneyUnderWay,
    NoCardOnFile,
    Recurring,
    refuse_card_number,
)
from commerce.payments.ports import CardGateway, GatewaySilent, StoredCard
from foundation.clock import Clock
from foundation.crypto import DataKeys, LookupDigest
from foundation.ids import new_id
from foundation.sql import Ledger


class Cards:
    def __init__(
        self, ledger: Ledger, gateway: CardGateway, keys: DataKeys, digests: LookupDigest, *, now: Clock
    ) -> None:
        self._ledger = ledger
        self._vault = gateway.cards
        self._plans = gateway.plans
        self._keys = keys
        self._digests = digests
        self._now = now

    def add(self, customer_id: str, *, nonce: str) -> Card:
        """Store the card behind a nonce as the customer's default.

        The same nonce gives the same card, and so does the same card entered anew.
        """
        refuse_card_number(nonce)
        digest = self._digests.digest("cards.nonce", nonce)
        with self._ledger.transaction() as connection:
            store.hold_key(connection, _cards_key(customer_id))
            known = card_store.by_nonce(connection, customer_id, digest)
            if known is not None:
                return known
            stored = self._store(customer_id, nonce)
            on_file = self._on_file(customer_id).get(stored.token)
            if on_file is not None:
                return card_store.use(connection, on_file, nonce_digest=digest)
            return card_store.add(connection, self._row(customer_id, stored, nonce_digest=digest))

    def of_customer(self, customer_id: str) -> list[Card]:
        with self._ledger.transaction() as connection:
            return card_store.of_customer(connection, customer_id)

    def default(self, customer_id: str) -> Card:
        with self._ledger.transaction() as connection:
            card = card_store.default(connection, customer_id)
        if card is None:
            raise NoCardOnFile
        return card

    def find(self, card_id: str) -> Card:
        """The card, removed or not."""
        with self._ledger.transaction() as connection:
            card, _ = card_store.find(connection, card_id)
        return card

    def token(self, card_id: str) -> str:
        """What the gateway calls the card."""
        with self._ledger.transaction() as connection:
            card, sealed = card_store.find(connection, card_id)
        return self._keys.open(card.customer_id, sealed, context="cards.token")

    def remove(self, customer_id: str, card_id: str) -> None:
        """Forget a card here and at the gateway; what it pays every month is moved to another card first."""
        with self._ledger.transaction() as connection:
            store.hold_key(connection, _cards_key(customer_id))
            cards = {card.id: card for card in card_store.of_customer(connection, customer_id)}
            if card_id not in cards:
                raise CardNotFound
            card, others = cards.pop(card_id), list(cards.values())
            heir = next((each for each in others if each.is_default), others[-1] if others else None)
            try:
                for plan in gateway_store.recurring_on(connection, card_id):
                    self._move(plan, card, to=heir)
                self._vault.forget_card(self.token(card_id))
            except GatewaySilent as silence:
                raise CardUnconfirmed from silence
            card_store.remove(connection, card_id, heir_id=heir.id if heir else None, at=self._now())

    def close_account(self, customer_id: str) -> None:
        """Forget all cards of a customer who leaves, here and at the gateway.

        Raises:
            MoneyUnderWay: a charge or a refund of theirs is not settled.
        """
        with self._ledger.transaction() as connection:
            if store.has_unsettled(connection, customer_id):
                raise MoneyUnderWay
        for card in self.of_customer(customer_id):
            self.remove(customer_id, card.id)

    def _row(self, customer_id: str, stored: StoredCard, *, nonce_digest: str) -> dict[str, Any]:
        return {
            "id": new_id("crd"),
            "customer_id": customer_id,
            "token_sealed": self._keys.seal(customer_id, stored.token, context="cards.token"),
            "nonce_digest": nonce_digest,
            "brand": stored.brand,
            "last_four": stored.last_four,
            "marks": self._digests.digest("cards.marks", stored.marks),
            "is_unmistakable": stored.is_unmistakable,
            "is_default": True,
            "created_at": self._now(),
        }

    def _move(self, plan: Recurring, card: Card, *, to: Card | None) -> None:
        if to is None:
            raise CardInUse(card)
        if plan.subscription_id is not None:
            self._plans.change_plan(plan.subscription_id, token=self.token(to.id))
        with self._ledger.transaction() as connection:
            gateway_store.change_recurring(connection, plan.id, card_id=to.id)

    def _store(self, customer_id: str, nonce: str) -> StoredCard:
        try:
            stored = self._vault.store_card(customer_id, nonce)
        except GatewaySilent:
            stored = self._find_stored(customer_id)
        if stored is None:
            raise CardNotAccepted
        return stored

    def _find_stored(self, customer_id: str) -> StoredCard | None:
        """A nonce is used up by a request whose answer is lost, so the profile it became is looked for."""
        try:
            listed = self._vault.stored_cards(customer_id)
        except GatewaySilent as silence:
            raise CardUnconfirmed from silence
        known = self._on_file(customer_id)
        unknown = [card for card in listed if card.token not in known]
        return unknown[-1] if unknown else None

    def _on_file(self, customer_id: str) -> dict[str, Card]:
        """By what the gateway calls them."""
        with self._ledger.transaction() as connection:
            found = card_store.tokens_of(connection, customer_id)
        return {self._keys.open(customer_id, sealed, context="cards.token"): card for card, sealed in found}


def _cards_key(customer_id: str) -> str:
    return f"card:{customer_id}"
