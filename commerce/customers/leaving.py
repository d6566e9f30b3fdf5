"""A customer leaves for good: nobody acts in their name any more, each room ends what it does for them."""

from collections.abc import Sequence

from commerce.customers.ports import Parting
from commerce.customers.service import CustomerNotFound, Customers
from commerce.customers.signin import Access


class Leaving:
    """Every method may be repeated, also when the customer is half gone."""

    def __init__(self, customers: Customers, access: Access, *, rooms: Sequence[Parting]) -> None:
        self._customers = customers
        self._access = access
        self._rooms = rooms

    def marks(self, customer_id: str) -> tuple[str, ...]:
        """Words that are the customer's alone: e-mail address and phone number."""
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

    def leave(self, customer_id: str) -> None:
        """Sign them out everywhere and end what the shop does for them.

        Raises:
            ShopError: money is under way; what was ended until then stays so.
        """
        self._access.sessions.end_all(customer_id)
        if not self.marks(customer_id):
            return
        for room in self._rooms:
            room.close_account(customer_id)
