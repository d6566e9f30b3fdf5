"""A customer with a card, and what is asked of every payment."""

import pytest
from sqlalchemy import select

from commerce.payments.models import Payment, PaymentStatus
from commerce.payments.store import payments
from foundation.money import Money
from tests.shop import Shop

PRICE = Money(47_00)


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana")


def charge(shop: Shop, customer_id: str, *, amount: Money = PRICE, key: str = "k1") -> Payment:
    return shop.payments.charges.charge(customer_id, amount=amount, description="Bronze membership", key=key)


def status(shop: Shop, key: str = "k1") -> PaymentStatus:
    with shop.ledger.transaction() as connection:
        found = connection.execute(select(payments.c.status).where(payments.c.key == key)).scalar_one()
    return PaymentStatus(found)
