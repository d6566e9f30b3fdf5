"""What a route depends on: a service of the container, who is calling, and whether they may."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Path
from fastapi.requests import HTTPConnection

from agent.service import Turns
from api.address import address_of
from api.authorization import Owner
from api.containers.container import Container
from api.middleware.idempotency import KEY_EXPECTED, KEY_HEADER, KEY_PATTERN
from api.readiness import ReadinessProbe
from api.schemas.base import Id, Matching
from commerce.age.service import AgeVerification
from commerce.checkout.carts import Carts
from commerce.checkout.service import Checkout
from commerce.customers.addresses import Addresses
from commerce.customers.consents import Consents
from commerce.customers.own_access import OwnAccess
from commerce.customers.service import Customers
from commerce.customers.signin import Access, SignIn
from commerce.customers.staff import StaffAccounts
from commerce.demand.service import Demand
from commerce.fraud.models import RequestFingerprint
from commerce.fraud.service import Fraud
from commerce.handoffs.service import Handoffs
from commerce.insights.service import Insights
from commerce.inventory.service import Inventory
from commerce.memberships.benefits import Benefits
from commerce.memberships.figures import Figures
from commerce.memberships.service import Memberships
from commerce.notices.offers import Offers
from commerce.notices.service import Notices
from commerce.notices.writing import Writer
from commerce.payments.inbox import GatewayInbox
from commerce.payments.ports import NotificationReader
from commerce.payments.service import Payments
from commerce.raffles.admin import RaffleAdmin
from commerce.raffles.draws import RaffleDraws
from commerce.raffles.proofs import DrawProofs
from commerce.raffles.service import Raffles
from foundation.auth import Tokens
from foundation.clock import Clock
from foundation.holdings import PersonalRows
from foundation.outbox import Outbox
from foundation.queue import Jobs
from foundation.settings import Settings
from memory.customer_view.service import CustomerViews
from memory.engine import MemoryEngine
from memory.erasure.service import Erasures
from memory.ingest.recording import Recording
from memory.knowledge.service import Knowledge
from memory.predictions.service import Predictions
from memory.retrieval.products import ProductSearch

LONGEST_DEVICE = 300
IdempotencyKey = Annotated[str, Matching(KEY_PATTERN, KEY_EXPECTED)]

PathId = Annotated[Id, Path()]


def _of(choose: Callable[[Container], object]) -> object:
    """The dependency on one part of the container."""

    async def provide(connection: HTTPConnection) -> object:
        return choose(connection.app.state.container)

    return Depends(provide)


def _probe(container: Container) -> ReadinessProbe:
    return ReadinessProbe(
        ledger=container.infrastructure.ledger,
        cache=container.infrastructure.cache,
        models=container.agent().models,
        encoder=container.memory.artifacts.encoder,
        outbox=container.infrastructure.outbox,
        notices=container.commerce.notices.service,
        now=container.infrastructure.clock,
    )


async def fingerprint(connection: HTTPConnection) -> RequestFingerprint:
    """Where a purchase comes from, for fraud to compare."""
    return RequestFingerprint(
        ip=address_of(connection.scope),
        device=connection.headers.get("user-agent", "")[:LONGEST_DEVICE],
    )


AccessDep = Annotated[Access, _of(lambda container: container.commerce.customers.access)]
AddressesDep = Annotated[Addresses, _of(lambda container: container.commerce.customers.addresses)]
AgesDep = Annotated[AgeVerification, _of(lambda container: container.commerce.age.service)]
BenefitsDep = Annotated[Benefits, _of(lambda container: container.commerce.memberships.benefits)]
CartsDep = Annotated[Carts, _of(lambda container: container.commerce.checkout.carts)]
CheckoutDep = Annotated[Checkout, _of(lambda container: container.commerce.checkout.service)]
ClockDep = Annotated[Clock, _of(lambda container: container.infrastructure.clock)]
ConsentsDep = Annotated[Consents, _of(lambda container: container.commerce.customers.consents)]
CustomersDep = Annotated[Customers, _of(lambda container: container.commerce.customers.service)]
DemandDep = Annotated[Demand, _of(lambda container: container.commerce.demand)]
ErasuresDep = Annotated[Erasures, _of(lambda container: container.memory.erasure.service)]
FraudDep = Annotated[Fraud, _of(lambda container: container.commerce.fraud)]
GatewayInboxDep = Annotated[GatewayInbox, _of(lambda container: container.commerce.payments.inbox)]
GatewayWebhooksDep = Annotated[
    NotificationReader | None, _of(lambda container: container.commerce.payments.gateway.webhooks)
]
HandoffsDep = Annotated[Handoffs, _of(lambda container: container.commerce.handoffs)]
InsightsDep = Annotated[Insights, _of(lambda container: container.commerce.insights)]
InventoryDep = Annotated[Inventory, _of(lambda container: container.commerce.inventory)]
JobsDep = Annotated[Jobs, _of(lambda container: container.infrastructure.jobs)]
KnowledgeDep = Annotated[Knowledge, _of(lambda container: container.memory.knowledge)]
MembershipFiguresDep = Annotated[Figures, _of(lambda container: container.commerce.memberships.figures)]
MembershipsDep = Annotated[Memberships, _of(lambda container: container.commerce.memberships.service)]
MemoryDep = Annotated[MemoryEngine, _of(lambda container: container.memory.engine)]
NoticesDep = Annotated[Notices, _of(lambda container: container.commerce.notices.service)]
OffersDep = Annotated[Offers, _of(lambda container: container.commerce.notices.offers)]
OutboxDep = Annotated[Outbox, _of(lambda container: container.infrastructure.outbox)]
OwnAccessDep = Annotated[OwnAccess, _of(lambda container: container.commerce.customers.own_access)]
PaymentsDep = Annotated[Payments, _of(lambda container: container.commerce.payments.service)]
PersonalRowsDep = Annotated[PersonalRows, _of(lambda container: container.memory.erasure.personal_rows)]
CustomerViewsDep = Annotated[CustomerViews, _of(lambda container: container.memory.customer_views)]
PredictionsDep = Annotated[Predictions, _of(lambda container: container.memory.predictions.service)]
ProductSearchDep = Annotated[ProductSearch, _of(lambda container: container.memory.product_search)]
RaffleDrawsDep = Annotated[RaffleDraws, _of(lambda container: container.commerce.raffles.draws)]
RaffleAdminDep = Annotated[RaffleAdmin, _of(lambda container: container.commerce.raffles.admin)]
DrawProofsDep = Annotated[DrawProofs, _of(lambda container: container.commerce.raffles.proofs)]
RafflesDep = Annotated[Raffles, _of(lambda container: container.commerce.raffles.service)]
ReadinessDep = Annotated[ReadinessProbe, _of(_probe)]
RecordingDep = Annotated[Recording, _of(lambda container: container.memory.recording)]
SettingsDep = Annotated[Settings, _of(lambda container: container.infrastructure.settings)]
SignInDep = Annotated[SignIn, _of(lambda container: container.agent().sign_in)]
StaffAccountsDep = Annotated[StaffAccounts, _of(lambda container: container.commerce.customers.staff)]
TokensDep = Annotated[Tokens, _of(lambda container: container.infrastructure.tokens)]
TurnsDep = Annotated[Turns, _of(lambda container: container.agent().turns)]
WriterDep = Annotated[Writer, _of(lambda container: container.commerce.notices.writer)]

TheFingerprint = Annotated[RequestFingerprint, Depends(fingerprint)]


async def money_key(
    principal: Owner,
    key: Annotated[
        IdempotencyKey,
        Header(
            alias=KEY_HEADER,
            description="Names this payment: sent again with the same key, nothing is charged twice.",
            examples=["payment-2026-03-01-17"],
        ),
    ],
) -> str:
    """The caller's own key, so that no two customers share one."""
    return f"{principal.id}:{key}"


MoneyKey = Annotated[str, Depends(money_key)]
