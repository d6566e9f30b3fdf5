"""Where money changes hands: the card gateway that the settings choose, and the payments over it."""

from functools import cached_property

import httpx

from api.containers.people import People
from api.containers.spares import Spares
from commerce.payments.ports import CardGateway, NotificationReader
from commerce.payments.sandbox import SandboxGateway
from commerce.payments.service import Payments, build_payments
from connectors.authorize_net import AuthorizeNet, Credentials, Webhooks, Wire
from foundation.clock import Clock
from foundation.settings import Settings


class Till(People):
    def __init__(self, settings: Settings, *, now: Clock, spares: Spares) -> None:
        super().__init__(settings, now=now)
        self._spares = spares

    def close(self) -> None:
        if "gateway_client" in self.__dict__:
            self.gateway_client.close()
        super().close()

    @cached_property
    def sandbox(self) -> SandboxGateway | None:
        """The card gateway of a shop without credentials for a real one."""
        return SandboxGateway(self.ledger, now=self.now) if self.settings.payments.is_sandbox else None

    @cached_property
    def gateway(self) -> CardGateway:
        return self._spares.gateway(self.sandbox or self._authorize_net())

    @cached_property
    def gateway_client(self) -> httpx.Client:
        return httpx.Client(timeout=self.settings.payments.timeout_seconds)

    @cached_property
    def payments(self) -> Payments:
        return build_payments(
            self.ledger, self.gateway, self.data_keys, self.digests, self.outbox, now=self.now
        )

    @cached_property
    def gateway_webhooks(self) -> NotificationReader | None:
        """Nothing is taken from anybody without a key to prove who sent it."""
        key = self.settings.payments.signature_key.get_secret_value()
        return Webhooks(key) if key else None

    def _authorize_net(self) -> CardGateway:
        wanted = self.settings.payments
        credentials = Credentials(
            wanted.login_id.get_secret_value(), wanted.transaction_key.get_secret_value()
        )
        wire = Wire(self.gateway_client, wanted.url, credentials, now=self.now)
        return AuthorizeNet(wire, now=self.now)
