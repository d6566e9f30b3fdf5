"""Pass a conversation to a person of the shop."""

from commerce.handoffs import store
from commerce.handoffs.models import Handoff, NoSuchHandoff
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.sql import Ledger


class Handoffs:
    def __init__(self, ledger: Ledger, *, now: Clock) -> None:
        self._ledger = ledger
        self._now = now

    def request(self, thread_id: str, *, principal_id: str, summary: str) -> Handoff:
        """The request; a thread that waits for a person already keeps its first one."""
        asked = Handoff(new_id("hnd"), thread_id, principal_id, summary, requested_at=self._now())
        with self._ledger.transaction() as connection:
            return asked if store.add(connection, asked) else store.waiting_in(connection, thread_id)

    def waiting(self) -> list[Handoff]:
        """What nobody has taken yet, the longest waiting first."""
        with self._ledger.transaction() as connection:
            return store.waiting(connection)

    def close(self, handoff_id: str) -> Handoff:
        """A person has seen to it; the thread may ask for one again."""
        with self._ledger.transaction() as connection:
            store.close(connection, handoff_id, now=self._now())
            found = store.find(connection, handoff_id)
        if found is None:
            raise NoSuchHandoff
        return found

    def adopt(self, guest_id: str, customer_id: str) -> int:
        """What a guest asked for is the customer's from now on; how many requests."""
        with self._ledger.transaction() as connection:
            return store.give(connection, guest_id, to=customer_id)
