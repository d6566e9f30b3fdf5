from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from commerce.age.renewals import Renewals
from foundation.outbox import OUTBOX
from tests.shop import ADULT, Shop


@pytest.fixture
def renewals(shop: Shop) -> Renewals:
    return Renewals(shop.ledger, shop.outbox, now=shop.clock)


def told(shop: Shop) -> list[dict[str, Any]]:
    with shop.ledger.transaction() as tx:
        return list(tx.scalars(select(OUTBOX.c.payload).where(OUTBOX.c.topic == "notices")))


def test_customer_is_told_once_thirty_days_before_the_end(shop: Shop, renewals: Renewals) -> None:
    ana = shop.welcome("ana")
    proof = shop.ages.status(ana)
    assert proof is not None

    counts = []
    for days in (334, 1, 1, 40):
        shop.clock.advance(timedelta(days=days))
        counts.append(renewals.remind())

    assert counts == [0, 1, 0, 0]
    assert told(shop) == [
        {
            "template": "age_renewal",
            "about": proof.id,
            "expires_at": proof.expires_at.isoformat(),
            "usable_until": proof.usable_until.isoformat(),
        }
    ]


def test_schedulers_at_once_tell_each_customer_once(shop: Shop, renewals: Renewals) -> None:
    for number in range(6):
        shop.welcome(f"c{number}", card=None)
    shop.clock.advance(timedelta(days=340))

    with ThreadPoolExecutor(4) as pool:
        total = sum(pool.map(lambda _: renewals.remind(), range(4)))

    assert total == 6
    assert len(told(shop)) == 6


def test_late_chore_still_tells_within_the_grace_and_not_after(shop: Shop, renewals: Renewals) -> None:
    shop.welcome("ana")
    shop.clock.advance(timedelta(days=380))
    shop.welcome("ben")

    assert renewals.remind() == 1
    shop.clock.advance(timedelta(days=396))
    assert renewals.remind() == 0


def test_renewed_proof_is_not_asked_for_again(shop: Shop, renewals: Renewals) -> None:
    ana = shop.welcome("ana")
    shop.clock.advance(timedelta(days=370))
    shop.ages.verify(ana, ADULT)

    assert renewals.remind() == 0
