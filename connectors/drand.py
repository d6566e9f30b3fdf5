"""drand's HTTP API: the signature of a round, from the first mirror that gives one the network has signed.

When no mirror does, a breaker spares whoever asks again and again the wait for their silence.
"""

import re
from collections.abc import Sequence
from datetime import timedelta

import httpx

from commerce.raffles.draw.beacon import QUICKNET, Chain
from commerce.raffles.ports import BeaconSilent
from foundation.clock import Clock, system_clock
from foundation.resilience import Breaker, BreakerOpen, retry

TIMEOUT_SECONDS = 3.0
COOLDOWN = timedelta(minutes=2)
SIGNATURE = re.compile(r'"signature"\s*:\s*"([0-9a-f]+)"')


class Drand:
    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain: Chain = QUICKNET,
        timeout_seconds: float = TIMEOUT_SECONDS,
        now: Clock = system_clock,
    ) -> None:
        self._urls = urls
        self._chain = chain
        self._timeout = timeout_seconds
        self._breaker = Breaker("beacon", on=BeaconSilent, failures=2, cooldown=COOLDOWN, now=now)

    @property
    def chain(self) -> Chain:
        return self._chain

    def signature(self, number: int) -> str:
        """Whoever answers, only the network's own signature is taken."""
        try:
            with self._breaker:
                return self._fetch(number)
        except BreakerOpen as refusal:
            raise BeaconSilent from refusal

    @retry(on=BeaconSilent, attempts=2, deadline=timedelta(seconds=15))
    def _fetch(self, number: int) -> str:
        with httpx.Client(timeout=self._timeout, follow_redirects=True) as client:
            for url in self._urls:
                signature = _ask(client, f"{url}/{self._chain.hash}/public/{number}")
                if signature is not None and self._chain.has_signed(number, signature):
                    return signature
        raise BeaconSilent


def _ask(client: httpx.Client, address: str) -> str | None:
    try:
        answer = client.get(address)
    except httpx.HTTPError:
        return None
    found = SIGNATURE.search(answer.text) if answer.is_success else None
    return found[1] if found else None
