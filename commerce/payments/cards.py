"""Cards on file: a payment profile at the gateway for each, known here by its brand and last four digits."""

from typing import Any

from commerce.payments import gateway_store, store
from commerce.payments.models import (
    Card,
    CardInUse,
    CardNotAccepted,
    CardNotFound,
    CardUnconfirmed,
    NoCardOnFile,
    Recurring,
    refuse_card_number,
)
from commerce.payments.ports import GatewaySilent, StoredCard
from commerce.payments.till import Till
from foundation.ids import new_id


class Cards(Till):
    def add_card(self, customer_id: str, *, nonce: str) -> Card:
        """Store the card behind a nonce as the customer's default; the same nonce gives the same card."""
        refuse_card_number(nonce)
        digest = self._digests.digest("cards.nonce", nonce)
        with self._ledger.transaction() as connection:
            store.hold_key(connection, _cards_key(customer_id))
            known = store.card_by_nonce(connection, customer_id, digest)
            if known is not None:
                return known
            stored = self._store(customer_id, nonce)
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
            return store.add_card(connection, row)

    def cards(self, customer_id: str) -> list[Card]:
        with self._ledger.transaction() as connection:
            return store.cards_of(connection, customer_id)

    def default_card(self, customer_id: str) -> Card:
        with self._ledger.transaction() as connection:
            card = store.default_card(connection, customer_id)
        if card is None:
            raise NoCardOnFile
        return card

    def remove_card(self, customer_id: str, card_id: str) -> None:
        """Forget a card here and at the gateway; what it pays every month is moved to another card first."""
        with self._ledger.transaction() as connection:
            store.hold_key(connection, _cards_key(customer_id))
            cards = {card.id: card for card in store.cards_of(connection, customer_id)}
            if card_id not in cards:
                raise CardNotFound
            card, others = cards.pop(card_id), list(cards.values())
            heir = next((each for each in others if each.is_default), others[-1] if others else None)
            try:
                for plan in gateway_store.recurring_on(connection, card_id):
                    self._move(plan, card, to=heir)
                self._gateway.forget_card(self._token_of(card_id))
            except GatewaySilent as silence:
                raise CardUnconfirmed from silence
            store.remove_card(connection, card_id, heir_id=heir.id if heir else None, at=self._now())

    def _move(self, plan: Recurring, card: Card, *, to: Card | None) -> None:
        if to is None:
            raise CardInUse(card)
        if plan.subscription_id is not None:
            self._gateway.change_plan(plan.subscription_id, token=self._token_of(to.id))
        with self._ledger.transaction() as connection:
            gateway_store.change_recurring(connection, plan.id, card_id=to.id)

    def _store(self, customer_id: str, nonce: str) -> StoredCard:
        try:
            stored = self._gateway.store_card(customer_id, nonce)
        except GatewaySilent:
            stored = self._stored_all_the_same(customer_id)
        if stored is None:
            raise CardNotAccepted
        return stored

    def _stored_all_the_same(self, customer_id: str) -> StoredCard | None:
        """A nonce is used up by a request whose answer is lost, so the profile it became is looked for."""
        try:
            listed = self._gateway.stored_cards(customer_id)
        except GatewaySilent as silence:
            raise CardUnconfirmed from silence
        with self._ledger.transaction() as connection:
            sealed = store.tokens_of(connection, customer_id)
        known = {self._keys.open(customer_id, each, context="cards.token") for each in sealed}
        unknown = [card for card in listed if card.token not in known]
        return unknown[-1] if unknown else None


def _cards_key(customer_id: str) -> str:
    return f"card:{customer_id}"
