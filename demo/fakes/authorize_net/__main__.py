"""`python -m demo.fakes.authorize_net`: the fake server as a program, for a shop configured to use it.

Once a second it charges the plans that are due, settles at midnight, and sends its notifications.
"""

import threading
from argparse import ArgumentParser
from datetime import date

import httpx

from demo.fakes.authorize_net import (
    HEADER,
    LOGIN_ID,
    SIGNATURE_KEY,
    TRANSACTION_KEY,
    FakeAuthorizeNet,
)
from foundation.clock import system_clock

WEBHOOK = "http://127.0.0.1:8080/api/webhooks/authorize-net"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--webhook", default=WEBHOOK, help="where notifications are sent")
    chosen = parser.parse_args()
    fake = FakeAuthorizeNet(now=system_clock)
    with fake.serving(port=chosen.port) as address:
        print(f"AUTHORIZE_NET_URL={address}")  # noqa: T201 - a program tells its user
        print(f"AUTHORIZE_NET_LOGIN_ID={LOGIN_ID}")  # noqa: T201
        print(f"AUTHORIZE_NET_TRANSACTION_KEY={TRANSACTION_KEY}")  # noqa: T201
        print(f"AUTHORIZE_NET_SIGNATURE_KEY={SIGNATURE_KEY}", flush=True)  # noqa: T201
        _keep(fake, chosen.webhook)


def _keep(fake: FakeAuthorizeNet, webhook: str) -> None:
    today, pause = date.min, threading.Event()
    while not pause.wait(1):
        fake.bill()
        if today not in {date.min, fake.records.now().date()}:
            fake.records.settle()
        today = fake.records.now().date()
        while fake.sent and _deliver(webhook, fake):
            fake.sent.pop(0)


def _deliver(webhook: str, fake: FakeAuthorizeNet) -> bool:
    """One that is not taken is sent again."""
    first = fake.sent[0]
    try:
        answer = httpx.post(webhook, content=first.body, headers={HEADER: first.signature})
    except httpx.HTTPError:
        return False
    return answer.is_success


if __name__ == "__main__":
    main()
