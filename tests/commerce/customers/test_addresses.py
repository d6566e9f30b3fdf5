from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from commerce.customers.contact import Address, AddressNotFound, BadAddress, NewAddress, TooManyAddresses
from commerce.customers.models import BadName, UnknownState
from commerce.customers.store import addresses
from foundation.errors import Invalid
from tests.shop import Shop

HOME = NewAddress("Ana O'Brien", "1200  Main Street", "San Antonio", "Texas", "78205", "Apt 4")


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana", card=None, adult=False)


def test_first_address_is_the_default_and_is_kept_tidied(shop: Shop, ana: str) -> None:
    kept = shop.addresses.add(ana, HOME)

    assert shop.addresses.default(ana) == kept
    assert (kept.line1, kept.state) == ("1200 Main Street", "TX")


def test_only_the_state_is_stored_in_clear(shop: Shop, ana: str) -> None:
    shop.addresses.add(ana, HOME)

    with shop.ledger.transaction() as tx:
        stored = str(tx.execute(select(addresses)).one())

    assert not any(word in stored for word in ("Main", "Antonio", "O'Brien", "78205"))


def test_another_becomes_the_default_when_asked_and_when_the_first_goes(shop: Shop, ana: str) -> None:
    first = shop.addresses.add(ana, HOME)
    second = shop.addresses.add(ana, replace(HOME, line1="2 Side Street"))

    shop.addresses.make_default(ana, second.id)
    chosen = shop.addresses.default(ana)
    shop.addresses.remove(ana, second.id)

    assert chosen is not None
    assert chosen.id == second.id
    assert shop.addresses.default(ana) == first


def test_there_is_one_default_however_many_are_asked_for_at_once(shop: Shop, ana: str) -> None:
    known = [shop.addresses.add(ana, replace(HOME, line1=f"{number} Main Street")) for number in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: shop.addresses.make_default(ana, each.id), known))

    assert sum(each.is_default for each in shop.addresses.list(ana)) == 1


def test_changed_address_keeps_its_place(shop: Shop, ana: str) -> None:
    kept = shop.addresses.add(ana, HOME)

    changed = shop.addresses.change(ana, kept.id, replace(HOME, city="Austin", postal_code="78701-1234"))

    assert (changed.id, changed.city, changed.is_default) == (kept.id, "Austin", True)


def test_address_of_another_customer_is_not_found(shop: Shop, ana: str) -> None:
    kept = shop.addresses.add(ana, HOME)
    ben = shop.welcome("ben", card=None, adult=False)

    for attempt in (
        lambda: shop.addresses.change(ben, kept.id, HOME),
        lambda: shop.addresses.make_default(ben, kept.id),
        lambda: shop.addresses.remove(ben, kept.id),
    ):
        with pytest.raises(AddressNotFound):
            attempt()


def test_twentieth_address_is_the_last(shop: Shop, ana: str) -> None:
    for _ in range(20):
        shop.addresses.add(ana, HOME)

    with pytest.raises(TooManyAddresses):
        shop.addresses.add(ana, HOME)


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("postal_code", "7820", BadAddress),
        ("postal_code", "ABCDE", BadAddress),
        ("state", "ZZ", UnknownState),
        ("city", " ", BadAddress),
        ("line1", "x" * 101, BadAddress),
        ("line2", "a\x07b", BadAddress),
        ("recipient", "", BadName),
    ],
)
def test_what_no_carrier_could_use_is_refused(
    shop: Shop, ana: str, field: str, value: str, refusal: type[Invalid]
) -> None:
    with pytest.raises(refusal):
        shop.addresses.add(ana, replace(HOME, **{field: value}))


def test_same_place_reads_the_same_however_it_was_typed() -> None:
    one = Address("Ana", "1200 Main St.", "San Antonio", "TX", "78205-1234", "Apt #4")
    other = Address("Ben", "1200 MAIN ST", "san antonio", "TX", "78205", "apt 4")

    assert one.in_a_line == other.in_a_line
