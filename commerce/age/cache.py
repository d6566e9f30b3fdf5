"""Proofs of age in Redis or Valkey, in front of the ledger."""

from collections.abc import Callable
from datetime import timedelta

import redis
from pydantic import TypeAdapter

from commerce.age.models import AgeProof
from foundation.cache import CacheAway, answering
from foundation.resilience import Breaker, BreakerOpen

KEPT = timedelta(minutes=10)
"""How long an erased proof may count where the cache could not be reached."""
DROPPED = timedelta(minutes=1)
"""Longer than any process goes on with what it read before."""
RESTS = timedelta(seconds=10)
GONE = b""
PROOF = TypeAdapter(AgeProof)


class RedisProofCache:
    """A server that is away is not waited for at every purchase."""

    def __init__(self, cache: redis.Redis) -> None:
        self._cache = cache
        self._breaker = Breaker("age_cache", on=CacheAway, failures=1, cooldown=RESTS)

    def find(self, customer_id: str) -> AgeProof | None:
        found: list[bytes] = []
        self._attempt(lambda: found.append(self._cache.get(_key(customer_id)) or GONE))  # type: ignore[arg-type]
        return PROOF.validate_json(found[0]) if found and found[0] != GONE else None

    def keep(self, proof: AgeProof) -> None:
        text = PROOF.dump_json(proof)
        self._attempt(lambda: self._cache.set(_key(proof.customer_id), text, px=KEPT, nx=True))

    def drop(self, customer_id: str) -> None:
        self._attempt(lambda: self._cache.set(_key(customer_id), GONE, px=DROPPED))

    def _attempt(self, ask: Callable[[], object]) -> None:
        try:
            with self._breaker, answering():
                ask()
        except (CacheAway, BreakerOpen):
            return


def _key(customer_id: str) -> str:
    return f"age:{customer_id}"
