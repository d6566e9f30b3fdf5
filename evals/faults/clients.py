"""Customers of a running service who ask until they have an answer, always under the same name."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from threading import Event
from time import monotonic
from typing import Any

import httpx

from evals.faults.shop import NAMES, RAFFLE

LOOPBACK = IPv4Address("127.0.1.0")
IMPATIENCE_SECONDS = 8.0
"""After so long a customer hangs up and asks again."""
PATIENCE_SECONDS = 150.0
PAUSE_SECONDS = 0.3
ACCEPTED, CONFLICT = 202, 409
PASSING = frozenset({429, 500, 503, 504})
GOLD, TICKETS = "make me a gold member", "8 tickets for the Spring Raffle please"
SILVER, UPGRADE = "make me a silver member", "upgrade me to gold"
INTO_CART, CHECK_OUT = f"put 2 {NAMES[0]} in my cart", "check out"
NOTE, YES = "please remember that mint gives me a headache", "yes"
QUESTIONS = frozenset({GOLD, TICKETS, SILVER, UPGRADE, CHECK_OUT})
"""What is answered with a question, before anything is charged."""

Answer = Mapping[str, Any]


class GaveUp(Exception):
    """A customer has not got what every customer gets."""


class Line:
    """A customer's line to the service; `cuts` are the requests that were under way when it died.

    Each `number` calls from a device and a network of its own, as strangers do.
    """

    def __init__(self, address: str, token: str, *, number: int) -> None:
        headers = {"Authorization": f"Bearer {token}", "User-Agent": f"device {number}"}
        network = httpx.HTTPTransport(local_address=str(LOOPBACK + number))
        self._client = httpx.Client(
            base_url=address, headers=headers, transport=network, timeout=IMPATIENCE_SECONDS
        )
        self._never = Event()
        self.cuts = 0

    def close(self) -> None:
        self._client.close()

    def post(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        return self._until_answered(lambda: self._client.post(path, json=body, headers=headers))

    def put(self, path: str, body: Mapping[str, Any], *, key: str) -> Answer:
        headers = {"Idempotency-Key": key}
        return self._until_answered(lambda: self._client.put(path, json=body, headers=headers))

    def get(self, path: str) -> Answer:
        return self._until_answered(lambda: self._client.get(path))

    def rest(self) -> None:
        self._never.wait(PAUSE_SECONDS)

    def _until_answered(self, ask: Callable[[], httpx.Response]) -> Answer:
        deadline = monotonic() + PATIENCE_SECONDS
        while monotonic() < deadline:
            try:
                response = ask()
            except httpx.TransportError:
                self.cuts += 1
            else:
                if not _is_passing(response):
                    return _data(response)
            self.rest()
        raise GaveUp(f"nobody has answered for {PATIENCE_SECONDS:g} s")


Errand = Callable[[Line, str], None]
"""What a customer wants; whatever fails is asked again under the same name or key."""


def chat(line: Line, who: str) -> None:
    """Two purchases and a wish to be remembered, in words."""
    _talk(line, who, GOLD, YES, TICKETS, YES, NOTE)


def shop(line: Line, who: str) -> None:
    """A membership, a better one, and a cart with a gift to it, in words."""
    _talk(line, who, SILVER, YES, UPGRADE, YES, INTO_CART, CHECK_OUT, YES)


def _talk(line: Line, who: str, *texts: str) -> None:
    for number, text in enumerate(texts):
        body = {"message": text, "thread_id": f"thr_{who}", "message_id": f"msg_{who}_{number}"}
        reply = line.post("/api/chat", body)
        _check(reply, text)


def press(line: Line, who: str) -> None:
    """A purchase confirmed by button, pressed twice."""
    body = {"message": GOLD, "thread_id": f"thr_{who}", "message_id": f"msg_{who}"}
    asked = line.post("/api/chat", body)
    _check(asked, GOLD)
    action = f"/api/chat/actions/{asked['confirmation']['action_id']}"
    first, second = (line.post(action, {"decision": "confirm"}) for _ in range(2))
    _check(first, YES)
    if first != second:
        raise GaveUp(f"{who}: the second press was answered {second['text']!r}")


def order(line: Line, who: str) -> None:
    """All of that without words."""
    line.post("/api/memberships/subscribe", {"tier": "SILVER"}, key=f"{who}.silver")
    line.put(f"/api/memberships/{who}/upgrade", {"tier": "GOLD"}, key=f"{who}.gold")
    line.post(f"/api/raffles/{RAFFLE}/tickets", {"quantity": 2}, key=f"{who}.tickets")
    line.post("/api/cart/items", {"productId": "prd_0", "quantity": 2}, key=f"{who}.cart")
    line.post("/api/checkout", {}, key=f"{who}.order")


def job(line: Line, who: str) -> None:
    """A purchase by way of the worker."""
    asked = _job(line, {"prompt": GOLD}, key=f"{who}.gold")
    _check(asked, GOLD)
    done = _job(line, {"prompt": YES, "thread_id": asked["thread_id"]}, key=f"{who}.yes")
    _check(done, YES)


def _job(line: Line, question: Mapping[str, Any], *, key: str) -> Answer:
    job = line.post("/api/reasoning/jobs", question, key=key)
    while job["status"] in ("queued", "started"):
        line.rest()
        job = line.get(f"/api/reasoning/jobs/{job['id']}")
    if job["result"] is None:
        raise GaveUp(f"The job {job['id']} failed: {job['error']}")
    result: Answer = job["result"]
    return result


def _check(reply: Answer, text: str) -> None:
    if reply["failed"] or (reply["confirmation"] is not None) != (text in QUESTIONS):
        raise GaveUp(f"{text!r} was answered {reply['text']!r}")


def _is_passing(response: httpx.Response) -> bool:
    """Whether it says to ask again: too early, too much, or something is away."""
    if response.status_code == CONFLICT:
        return "Retry-After" in response.headers
    is_promised = response.status_code == ACCEPTED and response.json()["data"]["status"] == "running"
    return is_promised or response.status_code in PASSING


def _data(response: httpx.Response) -> Answer:
    if not response.is_success:
        raise GaveUp(f"{response.request.url.path} was answered {response.status_code}: {response.text}")
    data: Answer = response.json()["data"]
    return data
