"""The order in which Authorize.Net's schema wants the keys of a request: JSON that is XML underneath."""

from collections.abc import Mapping
from typing import Any

TRANSACTION = (
    "transactionType amount currencyCode payment profile solution callId terminalNumber authCode refTransId"
    " splitTenderId order lineItems tax duty shipping taxExempt poNumber customer billTo shipTo customerIP"
    " cardholderAuthentication retail employeeId transactionSettings userFields"
)
PAYMENT_PROFILE = "customerType billTo payment driversLicense taxId defaultPaymentProfile"
SUBSCRIPTION = "name paymentSchedule amount trialAmount payment order customer billTo shipTo profile"
LISTING = "sorting paging"
IN_FULL = "unmaskExpirationDate includeIssuerInfo"
ORDER = {
    "createTransactionRequest": "transactionRequest",
    "transactionRequest": TRANSACTION,
    "transactionRequest.profile": "createProfile customerProfileId paymentProfile shippingProfileId",
    "profile.paymentProfile": "paymentProfileId cardCode",
    "payment": "creditCard bankAccount trackData encryptedTrackData payPal opaqueData emv",
    "creditCard": "cardNumber expirationDate cardCode",
    "opaqueData": "dataDescriptor dataValue dataKey expirationTimeStamp",
    "order": "invoiceNumber description",
    "transactionSettings": "setting",
    "setting": "settingName settingValue",
    "updateHeldTransactionRequest": "heldTransactionRequest",
    "heldTransactionRequest": "action refTransId",
    "getTransactionDetailsRequest": "transId",
    "getUnsettledTransactionListRequest": f"status {LISTING}",
    "getSettledBatchListRequest": "includeStatistics firstSettlementDate lastSettlementDate",
    "getTransactionListRequest": f"batchId {LISTING}",
    "sorting": "orderBy orderDescending",
    "paging": "limit offset",
    "createCustomerProfileRequest": "profile validationMode",
    "createCustomerProfileRequest.profile": "merchantCustomerId description email paymentProfiles shipToList",
    "getCustomerProfileRequest": f"customerProfileId merchantCustomerId email {IN_FULL}",
    "createCustomerPaymentProfileRequest": "customerProfileId paymentProfile validationMode",
    "createCustomerPaymentProfileRequest.paymentProfile": PAYMENT_PROFILE,
    "getCustomerPaymentProfileRequest": f"customerProfileId customerPaymentProfileId {IN_FULL}",
    "deleteCustomerPaymentProfileRequest": "customerProfileId customerPaymentProfileId",
    "ARBCreateSubscriptionRequest": "subscription",
    "ARBUpdateSubscriptionRequest": "subscriptionId subscription",
    "ARBCancelSubscriptionRequest": "subscriptionId",
    "ARBGetSubscriptionRequest": "subscriptionId includeTransactions",
    "ARBGetSubscriptionListRequest": f"searchType {LISTING}",
    "subscription": SUBSCRIPTION,
    "subscription.profile": "customerProfileId customerPaymentProfileId customerAddressId",
    "paymentSchedule": "interval startDate totalOccurrences trialOccurrences",
    "interval": "length unit",
    "merchantAuthentication": "name transactionKey sessionToken",
}
REQUEST = "merchantAuthentication refId"
"""The first element of every request."""


def misplaced(name: str, body: Mapping[str, Any], *, parent: str = "") -> str | None:
    """The complaint about the first key out of its place; None when all are in theirs."""
    known = ORDER.get(f"{parent}.{name}") or ORDER.get(name)
    if known is None:
        return f"The element '{name}' is not declared."
    expected = (known if parent else f"{REQUEST} {known}").split()
    place = -1
    for key, value in body.items():
        if key not in expected or expected.index(key) <= place:
            return f"The element '{name}' has invalid child element '{key}'."
        place = expected.index(key)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, Mapping) and (complaint := misplaced(key, child, parent=name)):
                return complaint
    return None
