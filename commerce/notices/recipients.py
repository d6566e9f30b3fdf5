"""The recipient of a notice, looked up when it is sent."""

from commerce.customers.consents import Consents
from commerce.customers.contact import NEWS, Channel
from commerce.customers.models import Customer
from commerce.customers.service import CustomerNotFound, Customers
from commerce.notices.models import SEALED, Notice, Recipient, Unsendable
from foundation.crypto import DataKeys, KeyShredded, SealBroken

OVERRIDES = {Channel.EMAIL: "email", Channel.TEXT: "phone"}
"""The secret that overrides the customer's address: one to be verified, or the former one.

The reader may be a stranger, so the message contains no name.
"""


class Nobody(Unsendable):
    def __init__(self) -> None:
        super().__init__("there is no such customer")


class Erased(Unsendable):
    def __init__(self) -> None:
        super().__init__("the customer has been erased")


class NoPhone(Unsendable):
    def __init__(self) -> None:
        super().__init__("the customer has no phone number")


class Recipients:
    def __init__(self, customers: Customers, consents: Consents, keys: DataKeys) -> None:
        self._customers = customers
        self._consents = consents
        self._keys = keys

    def wants(self, notice: Notice) -> bool:
        """Only promotional notices need consent."""
        return not notice.is_promotional or self._consents.allows(notice.customer_id, NEWS[notice.channel])

    def secrets(self, notice: Notice) -> dict[str, str]:
        """The sealed fields, opened: `sealed_code` is `code`."""
        names = [
            name.removeprefix(SEALED)
            for name, value in notice.fields.items()
            if name.startswith(SEALED) and value
        ]
        try:
            return {name: self._open(notice, name) for name in names}
        except KeyShredded as error:
            raise Erased from error
        except SealBroken as error:
            raise Unsendable(str(error)) from error

    def of(self, notice: Notice, secrets: dict[str, str]) -> Recipient:
        """The customer's name, and the address that the channel needs.

        Raises:
            Unsendable: when there is none.
        """
        given = secrets.get(OVERRIDES[notice.channel])
        if given:
            return Recipient(None, given)
        customer = self._find(notice.customer_id)
        if customer is None:
            raise Nobody
        if notice.channel is Channel.EMAIL:
            return Recipient(customer.name, customer.email)
        if customer.phone is None:
            raise NoPhone
        return Recipient(customer.name, customer.phone)

    def _find(self, customer_id: str) -> Customer | None:
        try:
            return self._customers.find(customer_id)
        except CustomerNotFound:
            return None
        except KeyShredded as error:
            raise Erased from error

    def _open(self, notice: Notice, name: str) -> str:
        return self._keys.open(
            notice.customer_id, notice.fields[f"{SEALED}{name}"], context=f"notices.{name}"
        )
