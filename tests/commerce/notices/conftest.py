"""A desk that sends notices, with carriers that can be watched and made to fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.containers.notice_kinds import NOTICE_KINDS
from commerce.customers.consents import Consents
from commerce.customers.contact import Channel
from commerce.memberships.models import Tier
from commerce.memberships.notices import CancelledNotice
from commerce.notices import store
from commerce.notices.files import EmlMailer, FileTexter
from commerce.notices.models import Message, Notice, NoticeEvent, Status
from commerce.notices.offers import Offers
from commerce.notices.recipients import Recipients
from commerce.notices.service import SUBSCRIPTION, Notices, Post
from commerce.notices.writing import Writer
from foundation.clock import Calendar
from foundation.outbox import Outbox, Relay
from foundation.settings import ShopSettings
from tests.shop import CHICAGO, Shop

SHOP = ShopSettings()
CANCELLED = CancelledNotice(about="mem_1", tier=Tier.GOLD, ends_at=datetime(2026, 4, 1, 14, tzinfo=UTC))


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
        writer = Writer(SHOP, Calendar(CHICAGO, shop.clock), kinds=NOTICE_KINDS)
        return Notices(shop.ledger, recipients, shop.keys, writer, post, now=shop.clock)

    def tell(self, customer_id: str, notice: NoticeEvent = CANCELLED, *, number: int = 1) -> str:
        """An event, given to the relay."""
        event_id = self.publish(customer_id, notice, number=number)
        self.relay.deliver("notices")
        return event_id

    def publish(self, customer_id: str, notice: NoticeEvent = CANCELLED, *, number: int = 1) -> str:
        event_id = f"ntc_{notice.template}_{number}"
        self.outbox.publish(notice, customer_id=customer_id, event_id=event_id)
        return event_id

    def keep(self, customer_id: str, template: str, fields: Mapping[str, object], *, channel: Channel) -> str:
        """A row that another version of the program wrote, given to the next round."""
        now = self.shop.clock()
        notice = Notice(
            id=f"ntc_{template}_1",
            customer_id=customer_id,
            template=template,
            about="mem_1",
            channel=channel,
            fields=fields,
            status=Status.WAITING,
            attempts=0,
            next_attempt_at=now,
            reason=None,
            written_sealed=None,
            created_at=now,
            sent_at=None,
        )
        with self.shop.ledger.transaction() as connection:
            store.add(connection, notice)
        self.notices.send_due()
        return notice.id

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*")) if self.folder.exists() else []


@pytest.fixture
def desk(shop: Shop, tmp_path: Path) -> Desk:
    return Desk(shop, tmp_path / "outbox")


@pytest.fixture
def ana(desk: Desk) -> str:
    return desk.shop.welcome("ana", card=None, adult=False)
