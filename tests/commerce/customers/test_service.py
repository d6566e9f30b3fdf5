from unicodedata import normalize

import pytest
from sqlalchemy import select

from commerce.customers.models import (
    BadEmail,
    BadName,
    BadPhone,
    Details,
    NewCustomer,
    UnknownState,
    masked_email,
    masked_phone,
    state_code,
)
from commerce.customers.service import AlreadyRegistered, CustomerNotFound
from commerce.customers.store import customers
from foundation.crypto import KeyShredded
from tests.shop import Shop

ANA = NewCustomer("Ana  María O'Brien", " Ana@Example.com ", "(512) 555-0100", "texas")


class TestRegister:
    def test_customer_is_found_again_as_entered_but_tidied(self, shop: Shop) -> None:
        registered = shop.customers.register(ANA)

        found = shop.customers.find(registered.id)

        assert found == registered
        assert (found.name, found.email) == ("Ana María O'Brien", "ana@example.com")
        assert (found.phone, found.state) == ("+15125550100", "TX")

    def test_same_email_in_other_letters_is_refused(self, shop: Shop) -> None:
        shop.customers.register(ANA)

        with pytest.raises(AlreadyRegistered):
            shop.customers.register(NewCustomer("Another", "ANA@example.COM"))

    def test_no_personal_field_is_stored_in_clear(self, shop: Shop) -> None:
        shop.customers.register(ANA)

        with shop.ledger.transaction() as connection:
            stored = str(connection.execute(select(customers)).one())

        assert not any(word in stored for word in ("María", "O'Brien", "ana@", "+1512"))

    @pytest.mark.parametrize(
        ("given", "refusal"),
        [
            (NewCustomer(" ", "a@example.com"), BadName),
            (NewCustomer("A" * 101, "a@example.com"), BadName),
            (NewCustomer("Ana\x00", "a@example.com"), BadName),
            (NewCustomer("Ana", "ana at example"), BadEmail),
            (NewCustomer("Ana", "a@example.com", phone="555"), BadPhone),
            (NewCustomer("Ana", "a@example.com", state="ZZ"), UnknownState),
        ],
    )
    def test_what_cannot_be_right_is_refused(
        self, shop: Shop, given: NewCustomer, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            shop.customers.register(given)

    @pytest.mark.parametrize(
        "name", ["Zoë O'Brien-Ångström", "王小明", "अनीता शर्मा", "محمد علی", "Jose\u0301"]
    )
    def test_name_of_any_script_is_kept(self, shop: Shop, name: str) -> None:
        registered = shop.customers.register(NewCustomer(name, "a@example.com"))

        assert shop.customers.find(registered.id).name == normalize("NFC", name)


class TestChange:
    def test_change_is_the_whole_of_what_may_change(self, shop: Shop) -> None:
        ana = shop.customers.register(ANA)

        changed = shop.customers.change(ana.id, Details("Ana Pérez", None, "new york"))

        assert (changed.name, changed.phone, changed.state) == ("Ana Pérez", None, "NY")
        assert changed.email == ana.email


class TestFind:
    def test_unknown_customer_is_refused_in_words(self, shop: Shop) -> None:
        with pytest.raises(CustomerNotFound, match="sign in or register"):
            shop.customers.find("cus_nobody")

    def test_email_finds_its_customer_in_any_case(self, shop: Shop) -> None:
        ana = shop.customers.register(ANA)

        assert shop.customers.id_of("ANA@EXAMPLE.COM") == ana.id
        assert shop.customers.id_of("ben@example.com") is None

    def test_shredded_customer_cannot_be_read(self, shop: Shop) -> None:
        ana = shop.customers.register(ANA)

        shop.keys.shred(ana.id)

        with pytest.raises(KeyShredded):
            shop.customers.find(ana.id)

    def test_lock_refuses_an_unknown_customer(self, shop: Shop) -> None:
        with pytest.raises(CustomerNotFound):
            shop.customers.lock("gst_passing")


@pytest.mark.parametrize("given", ["tx", "TX", "Texas", " texas "])
def test_state_is_known_by_code_and_name(given: str) -> None:
    assert state_code(given) == "TX"


def test_fifty_states_and_dc_are_known() -> None:
    assert state_code("district of  columbia") == "DC"


def test_masked_address_and_number_say_just_enough() -> None:
    assert masked_email("ana.o@example.com") == "a…@example.com"
    assert masked_phone("+15125550100") == "…0100"
