"""Charges, voids and refunds at Authorize.Net, and the state of a transaction."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from commerce.payments.ports import (
    DUPLICATE_WINDOW,
    Charge,
    GatewayAnswer,
    GatewaySilent,
    Return,
    Stage,
    Transaction,
)
from connectors.authorize_net.answers import (
    REFUND,
    Batch,
    Details,
    Listed,
    TransactionResponse,
    judged,
    parsed,
)
from connectors.authorize_net.wire import Answer, Wire, amount_of
from foundation.clock import Clock
from foundation.money import Money

STAGES = {
    "authorizedPendingCapture": Stage.UNSETTLED,
    "capturedPendingSettlement": Stage.UNSETTLED,
    "approvedReview": Stage.UNSETTLED,
    "pendingSettlement": Stage.UNSETTLED,
    "pendingFinalSettlement": Stage.UNSETTLED,
    "updatingSettlement": Stage.UNSETTLED,
    "couldNotVoid": Stage.UNSETTLED,
    "underReview": Stage.HELD,
    "FDSPendingReview": Stage.HELD,
    "FDSAuthorizedPendingReview": Stage.HELD,
    "authorizedPendingRelease": Stage.HELD,
    "settledSuccessfully": Stage.SETTLED,
    "refundSettledSuccessfully": Stage.SETTLED,
    "refundPendingSettlement": Stage.SETTLED,
    "chargeback": Stage.SETTLED,
    "chargebackReversal": Stage.SETTLED,
    "voided": Stage.VOIDED,
    "declined": Stage.DECLINED,
    "failedReview": Stage.DECLINED,
    "expired": Stage.FAILED,
    "generalError": Stage.FAILED,
    "communicationError": Stage.FAILED,
    "settlementError": Stage.FAILED,
    "returnedItem": Stage.FAILED,
}
"""Every status of the API's schema; with any other, whether money moves is unknown."""
UNDONE = frozenset({"voided", "refundPendingSettlement", "refundSettledSuccessfully"})
DUPLICATE = "11"
PAGE = 1000
LOOKED_BACK = timedelta(days=30)
"""The gateway lists the batches of at most 31 days."""
LOOKED_AHEAD = timedelta(hours=1)
"""Whole seconds are asked for, and clocks differ: a batch closed this very moment must not be missed."""
LONGEST_DESCRIPTION = 255


class Transactions:
    def __init__(self, wire: Wire, *, now: Clock) -> None:
        self._wire = wire
        self._now = now

    def charge(self, charge: Charge) -> GatewayAnswer:
        """A duplicate within the window is answered with the original."""
        profile_id, _, payment_profile_id = charge.token.partition("/")
        window = str(int(DUPLICATE_WINDOW.total_seconds()))
        answer = self._transact(
            "authCaptureTransaction",
            {
                "amount": amount_of(charge.amount),
                "profile": {
                    "customerProfileId": profile_id,
                    "paymentProfile": {"paymentProfileId": payment_profile_id},
                },
                "order": {
                    "invoiceNumber": charge.invoice,
                    "description": charge.description[:LONGEST_DESCRIPTION],
                },
                "transactionSettings": {
                    "setting": [{"settingName": "duplicateWindow", "settingValue": window}]
                },
            },
        )
        response = parsed(TransactionResponse, answer.part("transactionResponse"))
        if DUPLICATE in {fault.code for fault in response.errors}:
            return self._original(charge.invoice)
        return judged(response, answer.body, is_ok=answer.is_ok)

    def find(self, invoice: str) -> Transaction | None:
        """Among what is not settled first, then batch by batch, the latest first."""
        for listed in self._listed(self._now() - LOOKED_BACK):
            if listed.invoice == invoice:
                return self.look_up(listed.transaction_id)
        return None

    def look_up(self, transaction_id: str) -> Transaction | None:
        answer = self._wire.read("getTransactionDetailsRequest", {"transId": transaction_id})
        if not answer.is_ok:
            return None
        details = parsed(Details, answer.part("transaction"))
        if details.status not in STAGES:
            raise GatewaySilent
        return Transaction(
            details.transaction_id,
            STAGES[details.status],
            Money.from_dollars(details.settled or details.asked),
            details.at,
            details.subscription.id if details.subscription else None,
            answer.body,
            details.order.invoice if details.order else "",
            details.refund_of,
        )

    def void(self, transaction_id: str) -> GatewayAnswer:
        return self._judge(self._transact("voidTransaction", {"refTransId": transaction_id}))

    def refund(self, refund: Return) -> GatewayAnswer:
        answer = self._transact(
            REFUND,
            {
                "amount": amount_of(refund.amount),
                "payment": {"creditCard": {"cardNumber": refund.last_four, "expirationDate": "XXXX"}},
                "refTransId": refund.transaction_id,
                "order": {"invoiceNumber": refund.invoice},
            },
        )
        return self._judge(answer)

    def undone(self, *, since: datetime) -> list[str]:
        return [listed.transaction_id for listed in self._listed(since) if listed.status in UNDONE]

    def decide_held(self, transaction_id: str, *, accept: bool) -> GatewayAnswer:
        held = {"action": "approve" if accept else "decline", "refTransId": transaction_id}
        return self._judge(self._wire.write("updateHeldTransactionRequest", {"heldTransactionRequest": held}))

    def _transact(self, kind: str, body: Mapping[str, Any]) -> Answer:
        request = {"transactionRequest": {"transactionType": kind, **body}}
        return self._wire.write("createTransactionRequest", request)

    def _judge(self, answer: Answer) -> GatewayAnswer:
        response = parsed(TransactionResponse, answer.part("transactionResponse"))
        return judged(response, answer.body, is_ok=answer.is_ok)

    def _original(self, invoice: str) -> GatewayAnswer:
        original = self.find(invoice)
        if original is None:
            raise GatewaySilent
        return GatewayAnswer(original.verdict, original.transaction_id, original.response)

    def _listed(self, since: datetime) -> Iterator[Listed]:
        yield from self._pages("getUnsettledTransactionListRequest", {})
        now = self._now()
        answer = self._wire.read(
            "getSettledBatchListRequest",
            {"firstSettlementDate": _iso(since), "lastSettlementDate": _iso(now + LOOKED_AHEAD)},
        )
        for batch in reversed([parsed(Batch, each) for each in answer.parts("batchList")]):
            yield from self._pages("getTransactionListRequest", {"batchId": batch.id})

    def _pages(self, request: str, body: Mapping[str, Any]) -> Iterator[Listed]:
        page, is_last = 1, False
        while not is_last:
            answer = self._wire.read(
                request,
                {
                    **body,
                    "sorting": {"orderBy": "submitTimeUTC", "orderDescending": "true"},
                    "paging": {"limit": str(PAGE), "offset": str(page)},
                },
            )
            listed = [parsed(Listed, each) for each in answer.parts("transactions")]
            yield from listed
            page, is_last = page + 1, len(listed) < PAGE


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
