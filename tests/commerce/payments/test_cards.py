from dataclasses import replace

import pytest
from sqlalchemy import select

from commerce.payments.card_store import cards
from commerce.payments.models import CardInUse, CardNotAccepted, CardNotFound, CardNumberRefused
from commerce.payments.ports import GatewaySilent, StoredCard
from commerce.payments.sandbox import sandbox_plans
from tests.commerce.payments.conftest import PRICE
from tests.crashes import RelayedGateway
from tests.shop import Shop


class ForgetfulGateway(RelayedGateway):
    """Stores a card and loses its own answer."""

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        self._stored = super().store_card(customer_id, nonce)
        raise GatewaySilent

    def stored_cards(self, customer_id: str) -> list[StoredCard]:
        return [*super().stored_cards(customer_id), *([self._stored] if self._stored else [])]


class OneProfileGateway(RelayedGateway):
    """Whatever the nonce, it is the same card."""

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        stored = super().store_card(customer_id, nonce)
        return stored and replace(stored, token=nonce.partition(".")[0])


class TestCards:
    def test_stored_card_is_known_by_its_last_four_only(self, shop: Shop, ana: str) -> None:
        with shop.ledger.transaction() as connection:
            stored = str(connection.execute(select(cards)).one())

        assert str(shop.payments.cards.default(ana)) == "card ending 1111"
        assert "tok_approve" not in stored

    @pytest.mark.parametrize("nonce", ["4111111111111111", "4111 1111 1111 1111", "x=4111-1111-1111-1111"])
    def test_card_number_is_refused_at_the_door(self, shop: Shop, ana: str, nonce: str) -> None:
        with pytest.raises(CardNumberRefused, match="never send a card number"):
            shop.payments.cards.add(ana, nonce=nonce)

        assert len(shop.payments.cards.of_customer(ana)) == 1

    def test_latest_card_becomes_the_default(self, shop: Shop, ana: str) -> None:
        shop.payments.cards.add(ana, nonce="tok_decline.2")

        assert shop.payments.cards.default(ana).last_four == "0002"
        assert [card.is_default for card in shop.payments.cards.of_customer(ana)] == [False, True]

    def test_same_nonce_twice_stores_one_card(self, shop: Shop, ana: str) -> None:
        first = shop.payments.cards.add(ana, nonce="tok_hold.once")

        second = shop.payments.cards.add(ana, nonce="tok_hold.once")

        assert second == first
        assert len(shop.payments.cards.of_customer(ana)) == 2

    def test_card_entered_anew_is_the_one_on_file_and_outlives_no_double(self, shop: Shop, ana: str) -> None:
        gateway = OneProfileGateway(shop.sandbox)
        payments = shop.with_gateway(gateway).payments
        first = payments.cards.add(ana, nonce="tok_hold.1")

        again = [payments.cards.add(ana, nonce="tok_hold.2") for _ in range(2)]

        assert again == [first, first]
        assert [card.id for card in payments.cards.of_customer(ana)].count(first.id) == 1

    def test_card_of_two_customers_has_the_same_marks_and_cards_that_differ_do_not(self, shop: Shop) -> None:
        nonces = {"ana": "tok_approve.stolen", "ben": "tok_approve.stolen", "cleo": "tok_approve.own"}
        marks = [
            shop.payments.cards.add(shop.welcome(name, card=None), nonce=nonce).marks
            for name, nonce in nonces.items()
        ]

        assert marks[0] == marks[1] != marks[2]
        assert "stolen" not in marks[0]

    def test_nonce_the_gateway_does_not_know_is_refused(self, shop: Shop, ana: str) -> None:
        with pytest.raises(CardNotAccepted):
            shop.payments.cards.add(ana, nonce="tok_unheard_of")

    def test_card_whose_answer_was_lost_is_found_at_the_gateway(self, shop: Shop) -> None:
        ben = shop.welcome("ben", card=None)

        card = shop.with_gateway(ForgetfulGateway(shop.sandbox)).payments.cards.add(ben, nonce="tok_hold.1")

        assert (card.last_four, shop.payments.cards.default(ben)) == ("0005", card)


class TestRemove:
    def test_removed_card_is_gone_and_the_one_before_takes_its_place(self, shop: Shop, ana: str) -> None:
        second = shop.payments.cards.add(ana, nonce="tok_hold.1")

        shop.payments.cards.remove(ana, second.id)

        assert [card.last_four for card in shop.payments.cards.of_customer(ana)] == ["1111"]
        assert shop.payments.cards.default(ana).last_four == "1111"

    def test_removed_card_may_be_entered_again(self, shop: Shop, ana: str) -> None:
        shop.payments.cards.remove(ana, shop.payments.cards.default(ana).id)

        shop.payments.cards.add(ana, nonce="tok_approve")

        assert [card.is_default for card in shop.payments.cards.of_customer(ana)] == [True]

    def test_card_of_another_customer_is_not_found(self, shop: Shop, ana: str) -> None:
        ben = shop.welcome("ben")

        with pytest.raises(CardNotFound):
            shop.payments.cards.remove(ben, shop.payments.cards.default(ana).id)

    def test_only_card_of_a_monthly_payment_stays(self, shop: Shop, ana: str) -> None:
        shop.payments.subscriptions.start(ana, name="Bronze", amount=PRICE, first_at=shop.clock(), key="r1")

        with pytest.raises(CardInUse, match="add another card"):
            shop.payments.cards.remove(ana, shop.payments.cards.default(ana).id)

    def test_monthly_payment_moves_to_the_card_that_is_left(self, shop: Shop, ana: str) -> None:
        first = shop.payments.cards.default(ana)
        shop.payments.subscriptions.start(ana, name="Bronze", amount=PRICE, first_at=shop.clock(), key="r1")
        shop.payments.cards.add(ana, nonce="tok_hold.1")

        shop.payments.cards.remove(ana, first.id)

        with shop.ledger.transaction() as connection:
            assert connection.execute(select(sandbox_plans.c.token)).scalar_one() == "tok_hold.1"
