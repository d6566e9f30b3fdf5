"""One request to Authorize.Net and its answer, or silence.

The API is XML dressed as JSON: keys must come in the order of its schema, `merchantAuthentication`
first, and answers begin with a byte order mark. HTTP says 200 whatever happened.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from commerce.payments.ports import GatewayAway, GatewaySilent
from connectors.authorize_net.answers import Messages, parsed
from foundation.clock import Clock
from foundation.log import logger
from foundation.money import Money
from foundation.resilience import Breaker, BreakerOpen, retry

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
OUT_OF_ORDER = frozenset({"E00001", "E00053", "E00104"})
"""The gateway is down, too busy or in maintenance."""
NOT_TAKEN = frozenset({"E00002", "E00003", "E00005", "E00006", "E00007", "E00008", "E00010", "E00011"})
"""Our own mistake: a malformed request, or credentials that are not good."""
log = logger(__name__)


@dataclass(frozen=True)
class Credentials:
    login_id: str
    transaction_key: str


@dataclass(frozen=True)
class Answer:
    body: Mapping[str, Any]
    is_ok: bool
    codes: frozenset[str]

    def part(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        return self.body.get(name) or {}

    def parts(self, *names: str) -> list[Any]:
        """A list in the answer: the API leaves out what is empty."""
        found: Any = self.body
        for name in names:
            found = found.get(name) or {}
        return list(found)


class Wire:
    def __init__(self, client: httpx.Client, url: str, credentials: Credentials, *, now: Clock) -> None:
        self._client = client
        self._url = url
        self._merchant = {"name": credentials.login_id, "transactionKey": credentials.transaction_key}
        self._breaker = Breaker("card processor", on=GatewaySilent, now=now)

    def write(self, name: str, body: Mapping[str, Any]) -> Answer:
        """Ask once for something to be done.

        Raises:
            GatewayAway: when it was not asked.
            GatewaySilent: when it may have been done.
        """
        try:
            with self._breaker:
                answer = self._ask(name, body)
        except BreakerOpen as refusal:
            raise GatewayAway from refusal
        return _taken(name, answer)

    def read(self, name: str, body: Mapping[str, Any]) -> Answer:
        """Read something, asking again a few times when no answer comes."""
        try:
            with self._breaker:
                answer = self._ask_again(name, body)
        except BreakerOpen as refusal:
            raise GatewayAway from refusal
        return _taken(name, answer)

    @retry(on=GatewaySilent, attempts=3, deadline=timedelta(seconds=30))
    def _ask_again(self, name: str, body: Mapping[str, Any]) -> Answer:
        return self._ask(name, body)

    def _ask(self, name: str, body: Mapping[str, Any]) -> Answer:
        try:
            response = self._client.post(
                self._url, json={name: {"merchantAuthentication": self._merchant, **body}}
            )
        except NOT_SENT as error:
            raise GatewayAway from error
        except httpx.HTTPError as error:
            raise GatewaySilent from error
        return _read(response)


def amount_of(money: Money) -> str:
    return f"{money.dollars:.2f}"


def _read(response: httpx.Response) -> Answer:
    if not response.is_success:
        raise GatewaySilent
    try:
        body = json.loads(response.content.decode("utf-8-sig"))
    except ValueError as error:
        raise GatewaySilent from error
    if not isinstance(body, dict):
        raise GatewaySilent
    messages = parsed(Messages, body.get("messages"))
    answer = Answer(body, messages.result_code == "Ok", frozenset(each.code for each in messages.message))
    if answer.codes & OUT_OF_ORDER:
        raise GatewaySilent
    return answer


def _taken(name: str, answer: Answer) -> Answer:
    """The gateway is well and says that the request is not: the same one is not asked again."""
    if answer.codes & NOT_TAKEN and not answer.is_ok:
        log.error("gateway_takes_no_request", request=name, codes=sorted(answer.codes))
        raise GatewayAway
    return answer
