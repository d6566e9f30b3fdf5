"""The card gateway that the settings choose."""

from dataclasses import dataclass

import httpx

from api.containers.infrastructure import Infrastructure
from api.containers.overrides import CommerceOverrides
from commerce.payments.ports import CardGateway, NotificationReader
from commerce.payments.sandbox import SandboxGateway
from connectors.authorize_net import AuthorizeNet, Credentials, Webhooks, Wire


@dataclass(frozen=True)
class Gateway:
    cards: CardGateway
    sandbox: SandboxGateway | None
    """The gateway of a shop without credentials for a real one."""
    webhooks: NotificationReader | None
    """None without a key to prove who sent a notification."""


def build_gateway(infrastructure: Infrastructure, overrides: CommerceOverrides) -> Gateway:
    settings = infrastructure.settings.payments
    is_sandbox = settings.is_sandbox
    sandbox = SandboxGateway(infrastructure.ledger, now=infrastructure.clock) if is_sandbox else None
    signature_key = settings.signature_key.get_secret_value()
    return Gateway(
        cards=overrides.gateway(sandbox or _authorize_net(infrastructure)),
        sandbox=sandbox,
        webhooks=Webhooks(signature_key) if signature_key else None,
    )


def _authorize_net(infrastructure: Infrastructure) -> CardGateway:
    settings, clock = infrastructure.settings.payments, infrastructure.clock
    client = httpx.Client(timeout=settings.timeout_seconds)
    infrastructure.resources.add(client.close)
    credentials = Credentials(
        settings.login_id.get_secret_value(), settings.transaction_key.get_secret_value()
    )
    return AuthorizeNet(Wire(client, settings.url, credentials, now=clock), now=clock)
