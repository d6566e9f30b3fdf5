from datetime import timedelta

import pytest
import redis
from sqlalchemy import delete, event

from commerce.age.cache import RedisProofCache
from commerce.age.evidence import Evidence
from commerce.age.models import AgeProof
from commerce.age.service import AgeRules, AgeVerification
from commerce.age.store import age_verifications
from foundation.cache import open_cache
from foundation.clock import Calendar
from foundation.errors import Forbidden
from foundation.settings import Settings
from tests.shop import ADULT, CHICAGO, Shop


@pytest.fixture
def ages(shop: Shop, cache: redis.Redis) -> AgeVerification:
    return opened(shop, cache)


@pytest.fixture
def ana(shop: Shop) -> str:
    """Verified a while ago."""
    customer_id = shop.welcome("ana")
    shop.clock.advance(timedelta(minutes=2))
    return customer_id


def opened(shop: Shop, cache: redis.Redis) -> AgeVerification:
    evidence, calendar = Evidence(shop.keys, shop.digests), Calendar(CHICAGO, shop.clock)
    rules = AgeRules(cache=RedisProofCache(cache))
    return AgeVerification(shop.ledger, shop.customers, shop.outbox, evidence, calendar, rules)


def proof_of(shop: Shop, customer_id: str) -> AgeProof:
    found = shop.ages.status(customer_id)
    assert found is not None
    return found


def test_second_gate_asks_no_ledger(shop: Shop, ages: AgeVerification, ana: str) -> None:
    asked: list[str] = []
    event.listen(shop.ledger.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))

    answers = [ages.is_proven(ana) for _ in range(5)]

    assert answers == [True] * 5
    assert len(asked) == 1


def test_cached_proof_still_ends_with_its_grace(shop: Shop, ages: AgeVerification, ana: str) -> None:
    assert ages.is_proven(ana)

    shop.clock.advance(timedelta(days=395))

    assert not ages.is_proven(ana)


def test_erasure_reaches_every_process_at_once(
    shop: Shop, ages: AgeVerification, cache: redis.Redis, ana: str
) -> None:
    other = opened(shop, cache)
    assert other.is_proven(ana)

    ages.erase(ana, by="adm_boss")

    assert not other.is_proven(ana)


def test_reader_that_was_overtaken_by_an_erasure_caches_nothing(
    shop: Shop, ages: AgeVerification, cache: redis.Redis, ana: str
) -> None:
    read_before = proof_of(shop, ana)

    ages.erase(ana, by="adm_boss")
    RedisProofCache(cache).keep(read_before)

    assert not ages.is_proven(ana)


def test_proof_of_an_undone_transaction_is_not_cached(
    shop: Shop, ages: AgeVerification, cache: redis.Redis
) -> None:
    ben = shop.welcome("ben", adult=False)

    with shop.ledger.transaction() as tx:
        ages.verify(ben, ADULT)
        assert ages.is_proven(ben)
        tx.rollback()

    assert not opened(shop, cache).is_proven(ben)


def test_lost_cache_loses_nothing(ages: AgeVerification, cache: redis.Redis, ana: str) -> None:
    assert ages.is_proven(ana)

    cache.flushall()

    assert ages.is_proven(ana)


def test_cache_that_is_away_leaves_the_gate_as_it_is(shop: Shop, settings: Settings, ana: str) -> None:
    """Nothing runs at the address in these settings."""
    ages = opened(shop, open_cache(settings.cache))
    minor = shop.welcome("minor", adult=False)

    assert ages.is_proven(ana)
    with pytest.raises(Forbidden):
        ages.require(minor)
    assert ages.erase(ana, by="adm_boss") == 1


def test_no_is_never_cached(shop: Shop, ages: AgeVerification) -> None:
    ben = shop.welcome("ben", adult=False)
    assert not ages.is_proven(ben)

    ages.verify(ben, ADULT)

    assert ages.is_proven(ben)


def test_cache_holds_no_more_than_the_proof(
    shop: Shop, ages: AgeVerification, cache: redis.Redis, ana: str
) -> None:
    ages.is_proven(ana)

    kept = cache.get(f"age:{ana}")

    assert RedisProofCache(cache).find(ana) == proof_of(shop, ana)
    assert isinstance(kept, bytes)
    assert b"4821" not in kept
    assert b"digest" not in kept


def test_what_was_cached_is_asked_of_the_ledger_again_after_ten_minutes(
    shop: Shop, ages: AgeVerification, cache: redis.Redis, ana: str
) -> None:
    ages.is_proven(ana)

    assert 0 < int(str(cache.pttl(f"age:{ana}"))) <= 600_000
    with shop.ledger.transaction() as tx:
        tx.execute(delete(age_verifications))
    cache.delete(f"age:{ana}")
    assert not ages.is_proven(ana)
