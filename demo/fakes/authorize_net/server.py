"""A local server that speaks Authorize.Net's JSON API, byte order mark included, and fails on request."""

import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from demo.fakes.authorize_net.answers import (
    Fields,
    Refused,
    card_shown,
    details,
    fault,
    iso,
    messages,
    page,
    plan_shown,
    shown,
    token,
    unsuccessful,
    window,
)
from demo.fakes.authorize_net.records import (
    APPROVED,
    CARDS,
    DECLINED,
    ERROR,
    HELD,
    SENT_BY_DEFAULT,
    STATUSES,
    Card,
    Profile,
    Records,
    Subscription,
    Transaction,
)
from demo.fakes.authorize_net.schema import misplaced
from demo.fakes.authorize_net.webhooks import Sent, notification
from demo.fakes.serving import served
from foundation.clock import Clock

BOM = b"\xef\xbb\xbf"
LOGIN_ID, TRANSACTION_KEY = "fake", "fake-transaction-key"
SIGNATURE_KEY = "0123456789ABCDEF" * 8
Fault = Literal["lost_before", "lost_after", "malformed", "http_500", "maintenance"]
"""`lost_before`: the connection is cut and nothing is done; `lost_after`: it is done before the cut."""


class FakeAuthorizeNet:
    def __init__(self, *, now: Clock) -> None:
        self.begin(now=now)
        self.app = Starlette(routes=[Route("/xml/v1/request.api", self._answer, methods=["POST"])])
        self._verbs: Mapping[str, Callable[[Fields], Fields]] = {
            "createTransactionRequest": self._transact,
            "updateHeldTransactionRequest": self._decide,
            "getTransactionDetailsRequest": self._details,
            "getUnsettledTransactionListRequest": self._unsettled,
            "getSettledBatchListRequest": self._batches,
            "getTransactionListRequest": self._batch,
            "createCustomerProfileRequest": self._create_profile,
            "getCustomerProfileRequest": self._profile,
            "createCustomerPaymentProfileRequest": self._create_card,
            "getCustomerPaymentProfileRequest": self._card,
            "deleteCustomerPaymentProfileRequest": self._delete_card,
            "ARBCreateSubscriptionRequest": self._subscribe,
            "ARBUpdateSubscriptionRequest": self._change,
            "ARBCancelSubscriptionRequest": self._cancel,
            "ARBGetSubscriptionRequest": self._subscription,
            "ARBGetSubscriptionListRequest": self._subscriptions,
        }

    def begin(self, *, now: Clock) -> None:
        """Forget everything."""
        self.records = Records(now)
        self.faults: deque[tuple[str, Fault]] = deque()
        """For the next request of that name, one after the other."""
        self.requests: list[str] = []
        self.sent: list[Sent] = []
        """Notifications, signed; whoever runs the server delivers them, twice or in any order."""

    @contextmanager
    def serving(self, *, port: int = 0) -> Iterator[str]:
        """The address of the API while it serves on the loopback."""
        with served(self.app, port=port) as address:
            yield f"{address}/xml/v1/request.api"

    def fail(self, request: str, *faults: Fault) -> None:
        self.faults.extend((request, fault) for fault in faults)

    def bill(self) -> int:
        """Charge the plans that are due, and queue notifications."""
        billed = list(self.records.bill())
        for plan, made in billed:
            if made.code == APPROVED:
                self._notify("net.authorize.payment.authcapture.created", made.id)
            else:
                self._notify("net.authorize.customer.subscription.failed", plan.id)
        return len(billed)

    def undo_by_hand(self, transaction_id: str, *, amount: Decimal) -> None:
        """As somebody does in the merchant's own interface: a void before the settlement, a refund after."""
        original = self.records.transactions[transaction_id]
        if original.status == STATUSES[APPROVED]:
            self._void(original)
        elif original.status == "settledSuccessfully" and original.refunded + amount <= original.amount:
            made = self.records.refund(original, amount=amount, invoice=original.invoice)
            self._notify("net.authorize.payment.refund.created", made.id)

    async def _answer(self, request: Request) -> Response:
        body = json.loads(await request.body())
        [(name, fields)] = body.items()
        self.requests.append(name)
        failure = self._failure(name)
        if failure == "http_500":
            return Response(b"<html>Server Error</html>", status_code=500)
        if failure == "maintenance":
            return _reply(messages("Error", "E00104", "The server is in maintenance."))
        if failure == "lost_before":
            return _cut()
        answer = self._handle(name, fields)
        if failure == "lost_after":
            return _cut()
        return Response(BOM + b'{"messages":', media_type="application/json") if failure else _reply(answer)

    def _failure(self, name: str) -> Fault | None:
        if self.faults and self.faults[0][0] == name:
            return self.faults.popleft()[1]
        return None

    def _handle(self, name: str, fields: Fields) -> Fields:
        complaint = misplaced(name, fields)
        if complaint:
            return messages("Error", "E00003", complaint)
        if fields["merchantAuthentication"] != {"name": LOGIN_ID, "transactionKey": TRANSACTION_KEY}:
            return messages("Error", "E00007", "User authentication failed.")
        try:
            return {**self._verbs[name](fields), **messages("Ok", "I00001", "Successful.")}
        except Refused as refusal:
            return {**refusal.fields, **messages("Error", refusal.code, str(refusal))}

    def _notify(self, event: str, subject_id: str) -> None:
        self.sent.append(notification(event, subject_id, at=self.records.now(), key=SIGNATURE_KEY))

    def _transact(self, fields: Fields) -> Fields:
        wanted = fields["transactionRequest"]
        match wanted["transactionType"]:
            case "authCaptureTransaction":
                return self._charge(wanted)
            case "voidTransaction":
                return self._void(self._known(wanted["refTransId"]))
            case _:
                return self._refund(wanted)

    def _charge(self, wanted: Fields) -> Fields:
        profile = wanted["profile"]
        paying = f"{profile['customerProfileId']}/{profile['paymentProfile']['paymentProfileId']}"
        card = self.records.card(paying)
        if card is None:
            raise Refused("E00040", "The record cannot be found.")
        amount, invoice = Decimal(wanted["amount"]), wanted["order"]["invoiceNumber"]
        sent = window(wanted)
        original = self.records.duplicate(paying, amount, invoice, sent or SENT_BY_DEFAULT)
        if original is not None:
            original_fields = shown(original) if sent else {"transId": "0"}
            unsuccessful("11", "A duplicate transaction has been submitted.", original_fields)
        made = self.records.charge(card, paying, amount=amount, invoice=invoice)
        if made.code == ERROR:
            unsuccessful("6", "The credit card number is invalid.", shown(made))
        if made.code == DECLINED:
            # "Ok" with response code 2 happens: only both together say what came of it.
            return {"transactionResponse": {**shown(made), "errors": [fault("2", "Declined.")]}}
        self._notify(
            f"net.authorize.payment.{'fraud.held' if made.code == HELD else 'authcapture.created'}", made.id
        )
        return {"transactionResponse": shown(made)}

    def _void(self, original: Transaction) -> Fields:
        if original.status == "voided":
            return {"transactionResponse": shown(original)}
        if original.status != STATUSES[APPROVED]:
            unsuccessful("16", "The transaction cannot be found.", {"transId": "0"})
        original.status = "voided"
        self._notify("net.authorize.payment.void.created", original.id)
        return {"transactionResponse": shown(original)}

    def _refund(self, wanted: Fields) -> Fields:
        original, amount = self._known(wanted["refTransId"]), Decimal(wanted["amount"])
        card = wanted["payment"]["creditCard"]
        is_same = (card["cardNumber"], card["expirationDate"]) == (original.number[-4:], "XXXX")
        if original.status != "settledSuccessfully" or not is_same:
            unsuccessful("54", "The referenced transaction does not meet the criteria.", {"transId": "0"})
        if original.refunded + amount > original.amount:
            unsuccessful("55", "The sum of credits would exceed the original debit.", {"transId": "0"})
        made = self.records.refund(original, amount=amount, invoice=wanted["order"]["invoiceNumber"])
        self._notify("net.authorize.payment.refund.created", made.id)
        return {"transactionResponse": shown(made)}

    def _decide(self, fields: Fields) -> Fields:
        wanted = fields["heldTransactionRequest"]
        held = self._known(wanted["refTransId"])
        if held.code != HELD or held.status != STATUSES[HELD]:
            unsuccessful("16", "The transaction is not held.", {"transId": "0"})
        is_approved = wanted["action"] == "approve"
        held.code = APPROVED if is_approved else DECLINED
        held.status = STATUSES[APPROVED] if is_approved else "voided"
        self._notify(f"net.authorize.payment.fraud.{wanted['action']}d", held.id)
        return {"transactionResponse": {**shown(held), "responseCode": APPROVED}}

    def _known(self, transaction_id: str) -> Transaction:
        known = self.records.transactions.get(transaction_id)
        if known is None:
            unsuccessful("16", "The transaction cannot be found.", {"transId": "0"})
        return known

    def _details(self, fields: Fields) -> Fields:
        known = self.records.transactions.get(fields["transId"])
        if known is None:
            raise Refused("E00040", "The record cannot be found.")
        return details(known)

    def _unsettled(self, fields: Fields) -> Fields:
        return page(fields, [each for each in self.records.transactions.values() if each.batch_id is None])

    def _batch(self, fields: Fields) -> Fields:
        batch_id = fields["batchId"]
        return page(
            fields, [each for each in self.records.transactions.values() if each.batch_id == batch_id]
        )

    def _batches(self, fields: Fields) -> Fields:
        first = datetime.fromisoformat(fields["firstSettlementDate"])
        last = datetime.fromisoformat(fields["lastSettlementDate"])
        if last - first > timedelta(days=31):
            raise Refused("E00013", "The date range must not be more than 31 days.")
        closed = [
            {"batchId": batch_id, "settlementTimeUTC": iso(at), "settlementState": "settledSuccessfully"}
            for batch_id, at in self.records.batches.items()
            if first <= at <= last
        ]
        return {"batchList": closed} if closed else {}

    def _create_profile(self, fields: Fields) -> Fields:
        wanted = fields["profile"]["merchantCustomerId"]
        for known in self.records.profiles.values():
            if known.merchant_customer_id == wanted:
                raise Refused("E00039", f"A duplicate record with ID {known.id} already exists.")
        profile = Profile(self.records.number(), wanted)
        self.records.profiles[profile.id] = profile
        return {"customerProfileId": profile.id}

    def _profile(self, fields: Fields) -> Fields:
        for known in self.records.profiles.values():
            if known.merchant_customer_id == fields["merchantCustomerId"]:
                cards = [card_shown(card, fields) for card in known.cards.values()]
                customer: Fields = {"customerProfileId": known.id}
                return {"profile": {**customer, "paymentProfiles": cards} if cards else customer}
        raise Refused("E00040", "The record cannot be found.")

    def _create_card(self, fields: Fields) -> Fields:
        profile = self.records.profiles[fields["customerProfileId"]]
        nonce = fields["paymentProfile"]["payment"]["opaqueData"]["dataValue"]
        kind = nonce.partition(".")[0]
        if nonce in self.records.used_nonces or kind not in CARDS:
            raise Refused("E00114", "Invalid OTS Token.")
        self.records.used_nonces.add(nonce)
        card, is_known = self.records.stored(profile, nonce)
        ids: Fields = {"customerProfileId": profile.id, "customerPaymentProfileId": card.id}
        if is_known:
            raise Refused("E00039", "A duplicate customer payment profile already exists.", **ids)
        return ids

    def _card(self, fields: Fields) -> Fields:
        return {"paymentProfile": card_shown(self._held_card(fields), fields)}

    def _delete_card(self, fields: Fields) -> Fields:
        card = self._held_card(fields)
        removed = f"{fields['customerProfileId']}/{card.id}"
        if any(
            plan.token == removed and plan.status == "active" for plan in self.records.subscriptions.values()
        ):
            raise Refused("E00105", "The payment profile is used by a subscription.")
        del self.records.profiles[fields["customerProfileId"]].cards[card.id]
        return {}

    def _held_card(self, fields: Fields) -> Card:
        card = self.records.card(f"{fields['customerProfileId']}/{fields['customerPaymentProfileId']}")
        if card is None:
            raise Refused("E00040", "The record cannot be found.")
        return card

    def _subscribe(self, fields: Fields) -> Fields:
        wanted = fields["subscription"]
        invoice = wanted["order"]["invoiceNumber"]
        if any(plan.invoice == invoice for plan in self.records.subscriptions.values()):
            raise Refused("E00012", "You have submitted a duplicate of a subscription.")
        plan = Subscription(
            id=self.records.number(),
            name=wanted["name"],
            amount=Decimal(wanted["amount"]),
            invoice=invoice,
            token=token(wanted["profile"]),
            first=datetime.fromisoformat(wanted["paymentSchedule"]["startDate"]).date(),
        )
        self.records.subscriptions[plan.id] = plan
        self._notify("net.authorize.customer.subscription.created", plan.id)
        return {"subscriptionId": plan.id}

    def _change(self, fields: Fields) -> Fields:
        plan, wanted = self._plan(fields), fields["subscription"]
        plan.amount = Decimal(wanted.get("amount", plan.amount))
        if "profile" in wanted:
            plan.token = token(wanted["profile"])
            plan.status = "active"
        return {}

    def _cancel(self, fields: Fields) -> Fields:
        plan = self._plan(fields)
        plan.status = "canceled"
        self._notify("net.authorize.customer.subscription.cancelled", plan.id)
        return {}

    def _subscription(self, fields: Fields) -> Fields:
        return plan_shown(self._plan(fields))

    def _subscriptions(self, _: Fields) -> Fields:
        active = [plan for plan in self.records.subscriptions.values() if plan.status == "active"]
        plans = [{"id": int(plan.id), "name": plan.name, "invoice": plan.invoice} for plan in active]
        return {"totalNumInResultSet": len(plans), **({"subscriptionDetails": plans} if plans else {})}

    def _plan(self, fields: Fields) -> Subscription:
        plan = self.records.subscriptions.get(fields["subscriptionId"])
        if plan is None:
            raise Refused("E00035", "The subscription cannot be found.")
        return plan


def _reply(answer: Fields) -> Response:
    return Response(BOM + json.dumps(answer).encode(), media_type="application/json; charset=utf-8")


def _cut() -> Response:
    """An answer that ends before it has begun: the reader sees the connection fail."""

    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    return StreamingResponse(nothing(), headers={"content-length": "100"})
