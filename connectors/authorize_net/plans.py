"""What Authorize.Net charges every month by itself (its ARB), from a card that it keeps."""

from typing import Any

from commerce.payments.ports import GatewaySilent, Plan, PlanState, PlanStatus
from connectors.authorize_net.answers import NO_TRANSACTION, PlanDetails, PlanListed, parsed
from connectors.authorize_net.wire import Wire, amount_of
from foundation.money import Money

FOR_EVER = "9999"
"""So the gateway spells a plan without an end."""
NOT_FOUND = frozenset({"E00035", "E00040"})
DUPLICATE = "E00012"
PAGE = 1000
LONGEST_NAME = 50


class Plans:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def subscribe(self, plan: Plan) -> str:
        answer = self._wire.write(
            "ARBCreateSubscriptionRequest",
            {
                "subscription": {
                    "name": plan.name[:LONGEST_NAME],
                    "paymentSchedule": {
                        "interval": {"length": "1", "unit": "months"},
                        "startDate": plan.first_at.date().isoformat(),
                        "totalOccurrences": FOR_EVER,
                    },
                    "amount": amount_of(plan.amount),
                    "order": {"invoiceNumber": plan.invoice},
                    "profile": _profile(plan.token),
                }
            },
        )
        if answer.is_ok:
            return str(answer.body["subscriptionId"])
        known = self.find_plan(plan.invoice) if DUPLICATE in answer.codes else None
        if known is None:
            raise GatewaySilent
        return known

    def find_plan(self, invoice: str) -> str | None:
        page = 1
        while True:
            answer = self._wire.read(
                "ARBGetSubscriptionListRequest",
                {
                    "searchType": "subscriptionActive",
                    "sorting": {"orderBy": "id", "orderDescending": "true"},
                    "paging": {"limit": str(PAGE), "offset": str(page)},
                },
            )
            listed = [parsed(PlanListed, each) for each in answer.parts("subscriptionDetails")]
            for each in listed:
                if each.invoice == invoice:
                    return each.id
            if len(listed) < PAGE:
                return None
            page += 1

    def change_plan(
        self, subscription_id: str, *, amount: Money | None = None, token: str | None = None
    ) -> None:
        changes: dict[str, Any] = {}
        if amount is not None:
            changes["amount"] = amount_of(amount)
        if token is not None:
            changes["profile"] = _profile(token)
        request = {"subscriptionId": subscription_id, "subscription": changes}
        if not self._wire.write("ARBUpdateSubscriptionRequest", request).is_ok:
            raise GatewaySilent

    def stop_plan(self, subscription_id: str) -> None:
        answer = self._wire.write("ARBCancelSubscriptionRequest", {"subscriptionId": subscription_id})
        if (
            not answer.is_ok
            and not answer.codes & NOT_FOUND
            and not self.plan(subscription_id).status.is_over
        ):
            raise GatewaySilent

    def plan(self, subscription_id: str) -> PlanState:
        answer = self._wire.read(
            "ARBGetSubscriptionRequest", {"subscriptionId": subscription_id, "includeTransactions": "true"}
        )
        if answer.codes & NOT_FOUND:
            return PlanState(PlanStatus.TERMINATED, ())
        details = parsed(PlanDetails, answer.part("subscription"))
        in_order = sorted(details.charges, key=lambda charge: (charge.month, charge.attempt))
        charged = (charge.transaction_id for charge in in_order)
        return PlanState(
            _status(details.status), tuple(each for each in charged if each not in NO_TRANSACTION)
        )


def _status(name: str) -> PlanStatus:
    try:
        return PlanStatus(name)
    except ValueError as error:
        raise GatewaySilent from error


def _profile(token: str) -> dict[str, str]:
    profile_id, _, payment_profile_id = token.partition("/")
    return {"customerProfileId": profile_id, "customerPaymentProfileId": payment_profile_id}
