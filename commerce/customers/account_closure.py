"""Close a customer's account: end their sessions, and what each service does for them."""

from collections.abc import Sequence

from commerce.customers.ports import ClosesAccounts
from commerce.customers.service import CustomerNotFound, Customers
from commerce.customers.signin import Access


class AccountClosure:
    """Every method may be repeated, also when an earlier attempt was cut off."""

    def __init__(self, customers: Customers, access: Access, *, services: Sequence[ClosesAccounts]) -> None:
        self._customers = customers
        self._access = access
        self._services = services

    def marks(self, customer_id: str) -> tuple[str, ...]:
        """What identifies the customer alone: e-mail address and phone number."""
        try:
            customer = self._customers.find(customer_id)
        except CustomerNotFound:
            return ()
        return (customer.email, *filter(None, [customer.phone]))

    def names(self, customer_id: str) -> tuple[str, ...]:
        try:
            return (self._customers.find(customer_id).name,)
        except CustomerNotFound:
            return ()

    def close(self, customer_id: str) -> None:
        """End all sessions, subscriptions and stored cards of the customer.

        Raises:
            ShopError: a payment is not settled; what was ended until then stays ended.
        """
        self._access.sessions.end_all(customer_id)
        if not self.marks(customer_id):
            return
        for service in self._services:
            service.close_account(customer_id)
