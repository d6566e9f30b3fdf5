"""Cards kept at Authorize.Net: a customer profile, and in it a payment profile for each card."""

import re

from commerce.payments.ports import GatewaySilent, StoredCard
from connectors.authorize_net.answers import CustomerProfile, PaymentProfile, parsed
from connectors.authorize_net.wire import Wire

DESCRIPTOR = "COMMON.ACCEPT.INAPP.PAYMENT"
"""What Accept.js calls its nonces."""
NOT_FOUND = "E00040"
DUPLICATE = "E00039"
CUSTOMER_ID_LENGTH = 20
IN_FULL = {"unmaskExpirationDate": "true", "includeIssuerInfo": "true"}
BRANDS = {"AmericanExpress": "Amex", "MasterCard": "Mastercard"}


class Profiles:
    """A card's token is the ids of both its profiles."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        profile_id = self._profile_of(customer_id)
        opaque = {"dataDescriptor": DESCRIPTOR, "dataValue": nonce}
        answer = self._wire.write(
            "createCustomerPaymentProfileRequest",
            {
                "customerProfileId": profile_id,
                "paymentProfile": {"payment": {"opaqueData": opaque}},
                "validationMode": "liveMode",
            },
        )
        if not answer.is_ok and DUPLICATE not in answer.codes:
            return None
        return self._stored(profile_id, str(answer.body.get("customerPaymentProfileId", "")))

    def stored_cards(self, customer_id: str) -> list[StoredCard]:
        profile = self._find_profile(customer_id)
        if profile is None:
            return []
        return [_card(profile.id, each) for each in profile.payment_profiles]

    def forget_card(self, token: str) -> None:
        profile_id, _, payment_profile_id = token.partition("/")
        answer = self._wire.write(
            "deleteCustomerPaymentProfileRequest",
            {"customerProfileId": profile_id, "customerPaymentProfileId": payment_profile_id},
        )
        if not answer.is_ok and NOT_FOUND not in answer.codes:
            raise GatewaySilent

    def _stored(self, profile_id: str, payment_profile_id: str) -> StoredCard:
        answer = self._wire.read(
            "getCustomerPaymentProfileRequest",
            {"customerProfileId": profile_id, "customerPaymentProfileId": payment_profile_id, **IN_FULL},
        )
        return _card(profile_id, parsed(PaymentProfile, answer.part("paymentProfile")))

    def _profile_of(self, customer_id: str) -> str:
        known = self._find_profile(customer_id)
        if known is not None:
            return known.id
        answer = self._wire.write(
            "createCustomerProfileRequest", {"profile": {"merchantCustomerId": _number(customer_id)}}
        )
        if answer.is_ok:
            return str(answer.body.get("customerProfileId", ""))
        # Somebody else has made it meanwhile.
        known = self._find_profile(customer_id)
        if known is None:
            raise GatewaySilent
        return known.id

    def _find_profile(self, customer_id: str) -> CustomerProfile | None:
        answer = self._wire.read(
            "getCustomerProfileRequest", {"merchantCustomerId": _number(customer_id), **IN_FULL}
        )
        if NOT_FOUND in answer.codes:
            return None
        return parsed(CustomerProfile, answer.part("profile"))


def _number(customer_id: str) -> str:
    """The gateway takes 20 characters, the random ones of an id."""
    return customer_id[-CUSTOMER_ID_LENGTH:]


def _card(profile_id: str, profile: PaymentProfile) -> StoredCard:
    """The gateway gives no fingerprint of a card: its issuer, last four digits and expiry come nearest."""
    card = profile.payment.card
    last_four = re.sub(r"\D", "", card.number)[-4:]
    return StoredCard(
        token=f"{profile_id}/{profile.id}",
        brand=BRANDS.get(card.kind, card.kind),
        last_four=last_four,
        marks="/".join((card.kind, card.issuer, last_four, card.expires)),
        is_unmistakable=False,
    )
