"""One click ends offers: a link that only we can have made, and what it does."""

from hmac import compare_digest
from urllib.parse import urlencode

from commerce.customers.consents import Consents
from commerce.customers.contact import Channel
from foundation.crypto import LookupDigest
from foundation.errors import Forbidden

PATH = "/api/notices/unsubscribe"
WORDING = "letter"
"""The words were those under a letter."""


class NotOurLink(Forbidden):
    def __init__(self) -> None:
        super().__init__("This link is not complete. Please use the one in the letter, or tell us.")


class Offers:
    def __init__(self, consents: Consents, digests: LookupDigest, *, url: str) -> None:
        self._consents = consents
        self._digests = digests
        self._url = url

    def link(self, customer_id: str) -> str:
        """Where that customer ends offers, without signing in."""
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
