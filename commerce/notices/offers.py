"""One-click unsubscribe: a signed link, and what it does."""

from hmac import compare_digest
from urllib.parse import urlencode

from commerce.customers.consents import Consents
from commerce.customers.contact import Channel
from foundation.crypto import LookupDigest
from foundation.errors import Forbidden

PATH = "/api/notices/unsubscribe"
WORDING = "letter"
"""Consent was withdrawn by the link in an e-mail."""


class NotOurLink(Forbidden):
    def __init__(self) -> None:
        super().__init__("This link is not complete. Please use the one in the e-mail, or contact us.")


class Offers:
    def __init__(self, consents: Consents, digests: LookupDigest, *, url: str) -> None:
        self._consents = consents
        self._digests = digests
        self._url = url

    def link(self, customer_id: str) -> str:
        """The customer's unsubscribe link, which needs no sign-in."""
        query = urlencode({"customer": customer_id, "signature": self._signature(customer_id)})
        return f"{self._url}{PATH}?{query}"

    def check(self, customer_id: str, signature: str) -> None:
        """Raises NotOurLink."""
        if not compare_digest(self._signature(customer_id).encode(), signature.encode()):
            raise NotOurLink

    def end(self, customer_id: str, signature: str) -> None:
        self.check(customer_id, signature)
        self._consents.news(customer_id, Channel.EMAIL, wanted=False, wording=WORDING, source="letter")

    def _signature(self, customer_id: str) -> str:
        return self._digests.digest("unsubscribe", customer_id)
