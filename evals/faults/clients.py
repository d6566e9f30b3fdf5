"""Clients of a running service that repeat each request under one idempotency key until it is answered."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from threading import Event
from time import monotonic
from typing import Any

import httpx

from evals.faults.shop import NAMES, RAFFLE

LOOPBACK = IPv4Address("127.0.1.0")
REQUEST_TIMEOUT_SECONDS = 8.0
"""Of one request, before it is sent again."""
DEADLINE_SECONDS = 150.0
RETRY_PAUSE_SECONDS = 0.3
ACCEPTED, CONFLICT = 202, 409
RETRIABLE_STATUSES = frozenset({429, 500, 503, 504})
GOLD, TICKETS = "make me a gold member", "8 tickets for the Spring Raffle please"
SILVER, UPGRADE = "make me a silver member", "upgrade me to gold"
INTO_CART, CHECK_OUT = f"put 2 {NAMES[0]} in my cart", "check out"
NOTE, YES = "please remember that mint gives me a headache", "yes"
QUESTIONS = frozenset({GOLD, TICKETS, SILVER, UPGRADE, CHECK_OUT})
"""Messages that are answered with a request for confirmation."""

Answer = Mapping[str, Any]


class TaskFailed(Exception):
    """A task did not get the expected responses."""


class RetryingClient:
    """Counts the requests that a dying service interrupted.

    Each `number` has its own user agent and local address, so that customers do not look related.
    """

    def __init__(self, address: str, token: str, *, number: int) -> None:
        headers = {"Authorization": f"Bearer {token}", "User-Agent": f"device {number}"}
        network = httpx.HTTPTransport(local_address=str(LOOPBACK + number))
        self._client = httpx.Client(
            base_url=address, headers=headers, transport=network, timeout=REQUEST_TIMEOUT_SECONDS
        )
        self._never = Event()
        self.interrupted_requests = 0

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

    def pause(self) -> None:
        self._never.wait(RETRY_PAUSE_SECONDS)

    def _until_answered(self, send: Callable[[], httpx.Response]) -> Answer:
        deadline = monotonic() + DEADLINE_SECONDS
        while monotonic() < deadline:
            try:
                response = send()
            except httpx.TransportError:
                self.interrupted_requests += 1
            else:
                if not _is_retriable(response):
                    return _data(response)
            self.pause()
        raise TaskFailed(f"no response for {DEADLINE_SECONDS:g} s")


Task = Callable[[RetryingClient, str], None]
"""What one customer does, given a client and the customer's id."""


def chat(client: RetryingClient, customer_id: str) -> None:
    """Two purchases and a preference to remember, by chat."""
    _converse(client, customer_id, GOLD, YES, TICKETS, YES, NOTE)


def shop(client: RetryingClient, customer_id: str) -> None:
    """A membership, its upgrade, and an order with a member's gift, by chat."""
    _converse(client, customer_id, SILVER, YES, UPGRADE, YES, INTO_CART, CHECK_OUT, YES)


def _converse(client: RetryingClient, customer_id: str, *texts: str) -> None:
    for number, text in enumerate(texts):
        body = {
            "message": text,
            "threadId": f"thr_{customer_id}",
            "messageId": f"msg_{customer_id}_{number}",
        }
        reply = client.post("/api/chat", body)
        _check(reply, text)


def press(client: RetryingClient, customer_id: str) -> None:
    """A purchase confirmed by button, pressed twice."""
    body = {"message": GOLD, "threadId": f"thr_{customer_id}", "messageId": f"msg_{customer_id}"}
    asked = client.post("/api/chat", body)
    _check(asked, GOLD)
    action = f"/api/chat/actions/{asked['confirmation']['actionId']}"
    first, second = (client.post(action, {"decision": "confirm"}) for _ in range(2))
    _check(first, YES)
    if first != second:
        raise TaskFailed(f"{customer_id}: the second press had the reply {second['text']!r}")


def order(client: RetryingClient, customer_id: str) -> None:
    """The same purchases over the API, without chat."""
    client.post("/api/memberships/subscribe", {"tier": "SILVER"}, key=f"{customer_id}.silver")
    client.put(f"/api/memberships/{customer_id}/upgrade", {"tier": "GOLD"}, key=f"{customer_id}.gold")
    client.post(f"/api/raffles/{RAFFLE}/tickets", {"quantity": 2}, key=f"{customer_id}.tickets")
    client.post("/api/cart/items", {"productId": "prd_0", "quantity": 2}, key=f"{customer_id}.cart")
    client.post("/api/checkout", {}, key=f"{customer_id}.order")


def job(client: RetryingClient, customer_id: str) -> None:
    """A purchase by chat in a reasoning job."""
    asked = _job(client, {"prompt": GOLD}, key=f"{customer_id}.gold")
    _check(asked, GOLD)
    done = _job(client, {"prompt": YES, "threadId": asked["threadId"]}, key=f"{customer_id}.yes")
    _check(done, YES)


def _job(client: RetryingClient, question: Mapping[str, Any], *, key: str) -> Answer:
    job = client.post("/api/reasoning/jobs", question, key=key)
    while job["status"] in ("queued", "started"):
        client.pause()
        job = client.get(f"/api/reasoning/jobs/{job['id']}")
    if job["result"] is None:
        raise TaskFailed(f"The job {job['id']} failed: {job['error']}")
    result: Answer = job["result"]
    return result


def _check(reply: Answer, text: str) -> None:
    if reply["failed"] or (reply["confirmation"] is not None) != (text in QUESTIONS):
        raise TaskFailed(f"{text!r} had the reply {reply['text']!r}")


def _is_retriable(response: httpx.Response) -> bool:
    """Whether the response asks to retry: in progress, rate limited or unavailable."""
    if response.status_code == CONFLICT:
        return "Retry-After" in response.headers
    is_running = response.status_code == ACCEPTED and response.json()["data"]["status"] == "running"
    return is_running or response.status_code in RETRIABLE_STATUSES


def _data(response: httpx.Response) -> Answer:
    if not response.is_success:
        raise TaskFailed(f"{response.request.url.path} was answered {response.status_code}: {response.text}")
    data: Answer = response.json()["data"]
    return data
