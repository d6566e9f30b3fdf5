"""The way in, with codes that can be foreseen and a hasher that is quick."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import argon2
import pytest
from sqlalchemy import select

from api.containers.commerce import build_commerce
from commerce.customers.access import SignedIn, Visit
from commerce.customers.models import NewCustomer
from commerce.customers.signin import SignIn
from foundation.outbox import OUTBOX
from tests.shop import Shop

QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HOME = Visit("203.0.113.7", "Firefox on Linux")
ANA = NewCustomer("Ana María O'Brien", "ana@example.com", "(512) 555-0100", "tx")
PASSWORD = "a long enough secret"  # noqa: S105 - of a test


@dataclass
class FakeBelongings:
    """Remembers who took over whose things."""

    moved: list[tuple[str, str]] = field(default_factory=list)

    def adopt(self, guest_id: str, customer_id: str) -> int:
        self.moved.append((guest_id, customer_id))
        return 1


class Door:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.clock = shop.clock
        numbers: Iterator[int] = count(100_001)
        quick = replace(
            shop.overrides.commerce, password_hasher=QUICK, one_time_code=lambda: str(next(numbers))
        )
        access = build_commerce(shop.infrastructure, replace(shop.overrides, commerce=quick)).customers
        self.tokens = shop.infrastructure.tokens
        self.access = access.access
        self.thread = FakeBelongings()
        belongings = (self.thread, shop.consents)
        self.sign_in = SignIn(shop.ledger, shop.customers, self.access, belongings=belongings)
        self.own, self.staff = access.own_access, access.staff

    def enter(self, *, visit: Visit = HOME) -> SignedIn:
        """Ana, registered and in by the code that was sent; a second later."""
        self.sign_in.register(ANA, visit=visit)
        entered = self.sign_in.by_code(ANA.email, self.code(), visit=visit)
        self.clock.advance(timedelta(seconds=1))
        return entered

    def code(self) -> str:
        """The code of the latest notice, opened as the room of notices does."""
        latest = self.told()[-1]
        owner = latest["customer_id"]
        return self.shop.keys.open(owner, latest["sealed_code"], context="notices.code")

    def told(self, topic: str = "notices") -> list[dict[str, Any]]:
        wanted = select(OUTBOX).where(OUTBOX.c.topic == topic).order_by(OUTBOX.c.at, OUTBOX.c.id)
        with self.shop.ledger.transaction() as tx:
            rows = tx.execute(wanted).mappings().all()
        return [{**row["payload"], "customer_id": row["customer_id"]} for row in rows]


@pytest.fixture
def door(shop: Shop) -> Door:
    return Door(shop)
