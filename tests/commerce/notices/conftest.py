"""A desk that sends notices, with carriers that can be watched and made to fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from commerce.customers.consents import Consents
from commerce.notices.files import EmlMailer, FileTexter
from commerce.notices.models import Message
from commerce.notices.offers import Offers
from commerce.notices.recipients import Recipients
from commerce.notices.service import SUBSCRIPTION, Notices, Post
from commerce.notices.writing import Writer
from foundation.clock import Calendar
from foundation.outbox import Outbox, Relay
from foundation.settings import ShopSettings
from tests.shop import CHICAGO, Shop

SHOP = ShopSettings()
CANCELLED = {"tier": "GOLD", "ends_at": "2026-04-01T14:00:00+00:00"}


class Crash(BaseException):
    """The process ends here."""


@dataclass
class WatchedMailer:
    """Writes files as the real one does; a hook of the test runs before or after."""

    inner: EmlMailer
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    sent: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.before()
        self.sent.append(message)
        self.inner.send(message)
        self.after()

    def has_sent(self, message_id: str) -> bool:
        return self.inner.has_sent(message_id)

    def forget(self, message_id: str) -> None:
        self.inner.forget(message_id)


@dataclass
class Desk:
    shop: Shop
    folder: Path

    def __post_init__(self) -> None:
        shop = self.shop
        self.consents = Consents(shop.ledger, shop.customers, now=shop.clock)
        self.outbox = Outbox(shop.ledger, [SUBSCRIPTION], now=shop.clock)
        self.mailer = WatchedMailer(EmlMailer(self.folder, SHOP))
        self.offers = Offers(self.consents, shop.digests, url=SHOP.url)
        self.notices = self.another()
        self.relay = Relay(shop.ledger, [self.notices.subscriber()], now=shop.clock)

    def another(self) -> Notices:
        """As in another process."""
        shop = self.shop
        post = Post(self.mailer, FileTexter(self.folder), self.offers.link)
        recipients = Recipients(shop.customers, self.consents, shop.keys)
        writer = Writer(SHOP, Calendar(CHICAGO, shop.clock))
        return Notices(shop.ledger, recipients, shop.keys, writer, post, now=shop.clock)

    def tell(
        self,
        customer_id: str,
        template: str = "cancelled",
        fields: Mapping[str, object] = CANCELLED,
        *,
        number: int = 1,
    ) -> str:
        """An event, given to the relay."""
        event_id = self.append(customer_id, template, fields, number=number)
        self.relay.deliver("notices")
        return event_id

    def append(
        self,
        customer_id: str,
        template: str = "cancelled",
        fields: Mapping[str, object] = CANCELLED,
        *,
        number: int = 1,
    ) -> str:
        event_id = f"ntc_{template}_{number}"
        payload = {"template": template, "about": "mem_1", **fields}
        self.outbox.append("notices", payload, customer_id=customer_id, event_id=event_id)
        return event_id

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*")) if self.folder.exists() else []


@pytest.fixture
def desk(shop: Shop, tmp_path: Path) -> Desk:
    return Desk(shop, tmp_path / "outbox")


@pytest.fixture
def ana(desk: Desk) -> str:
    return desk.shop.welcome("ana", card=None, adult=False)
