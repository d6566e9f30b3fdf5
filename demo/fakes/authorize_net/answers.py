"""Answers of the fake Authorize.Net."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from demo.fakes.authorize_net.records import APPROVED, ISSUERS, Card, Subscription, Transaction

Fields = dict[str, Any]


class Refused(Exception):
    """An answer with `resultCode` Error."""

    def __init__(self, code: str, text: str, **fields: object) -> None:
        super().__init__(text)
        self.code = code
        self.fields = fields


def messages(result: str, code: str, text: str) -> Fields:
    return {"messages": {"resultCode": result, "message": [{"code": code, "text": text}]}}


def fault(code: str, text: str) -> Fields:
    return {"errorCode": code, "errorText": text}


def unsuccessful(code: str, text: str, shown: Fields) -> NoReturn:
    """An error of the transaction itself, beside the one of the request."""
    response = {**shown, "responseCode": "3", "errors": [fault(code, text)]}
    raise Refused("E00027", "The transaction was unsuccessful.", transactionResponse=response)


def shown(transaction: Transaction) -> Fields:
    said = {"code": transaction.code, "description": "This transaction has been approved."}
    fields: Fields = {
        "responseCode": transaction.code,
        "authCode": "HW617E" if transaction.code == APPROVED else "",
        "avsResultCode": "Y",
        "transId": transaction.id,
        "accountNumber": transaction.number,
    }
    return {**fields, "messages": [said]} if transaction.code == APPROVED else fields


def listed(transaction: Transaction) -> Fields:
    return {
        "transId": transaction.id,
        "submitTimeUTC": iso(transaction.at),
        "transactionType": transaction.kind,
        "transactionStatus": transaction.status,
        "responseCode": int(transaction.code),
        "invoiceNumber": transaction.invoice,
        "accountNumber": transaction.number,
        "settleAmount": float(transaction.amount) if transaction.code == APPROVED else 0.0,
    }


def page(wanted: Fields, transactions: Sequence[Transaction]) -> Fields:
    """The latest first; an empty list is left out."""
    limit, number = int(wanted["paging"]["limit"]), int(wanted["paging"]["offset"])
    latest = sorted(transactions, key=lambda each: each.id, reverse=True)
    on_page = [listed(each) for each in latest[(number - 1) * limit : number * limit]]
    return {"transactions": on_page, "totalNumInResultSet": len(latest)} if on_page else {}


def card_shown(card: Card, wanted: Fields) -> Fields:
    """The expiry and the issuer are left out for who does not ask."""
    expires = card.expires if wanted.get("unmaskExpirationDate") == "true" else "XXXX"
    number = {"cardNumber": card.number, "expirationDate": expires, "cardType": card.kind}
    if wanted.get("includeIssuerInfo") == "true":
        number["issuerNumber"] = ISSUERS[card.kind]
    return {"customerPaymentProfileId": card.id, "payment": {"creditCard": number}}


def details(transaction: Transaction) -> Fields:
    fields = {
        **listed(transaction),
        "order": {"invoiceNumber": transaction.invoice},
        "authAmount": float(transaction.amount),
    }
    if transaction.original_id:
        fields["refTransId"] = transaction.original_id
    if transaction.subscription_id:
        fields["subscription"] = {"id": int(transaction.subscription_id), "payNum": 1}
    return {"transaction": fields}


def plan_shown(plan: Subscription) -> Fields:
    """Its latest charge first."""
    fields: Fields = {"name": plan.name, "amount": float(plan.amount), "status": plan.status}
    if plan.charges:
        charges = [{"transId": charge, "payNum": each} for each, charge in enumerate(plan.charges, 1)]
        fields["arbTransactions"] = charges[::-1]
    return {"subscription": fields}


def token(profile: Fields) -> str:
    return f"{profile['customerProfileId']}/{profile['customerPaymentProfileId']}"


def window(wanted: Fields) -> timedelta | None:
    """How long the request asks a second one like it to be taken for the same."""
    settings = wanted.get("transactionSettings", {}).get("setting", [])
    for each in settings:
        if each["settingName"] == "duplicateWindow":
            return timedelta(seconds=int(each["settingValue"]))
    return None


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
