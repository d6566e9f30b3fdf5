"""What a customer agreed to, when and to which wording, and how they like to be reached."""

from commerce.customers import store
from commerce.customers.contact import NEWS, Channel, Consent, ConsentPurpose, Preferences
from commerce.customers.service import Customers
from foundation.clock import Clock
from foundation.errors import Invalid
from foundation.ids import new_id
from foundation.sql import Ledger


class Consents:
    """Nothing is ever overwritten: a withdrawal is a row of its own. A guest may consent too."""

    def __init__(self, ledger: Ledger, customers: Customers, *, now: Clock) -> None:
        self._ledger = ledger
        self._customers = customers
        self._now = now

    def record(
        self, subject_id: str, purpose: ConsentPurpose, *, granted: bool, wording: str, source: str
    ) -> Consent:
        consent = Consent(purpose, granted, wording, source, self._now())
        with self._ledger.autocommit() as connection:
            store.add_consent(connection, {"id": new_id("con"), "subject_id": subject_id, **vars(consent)})
        return consent

    def history(self, subject_id: str) -> list[Consent]:
        """In the order in which they were given and withdrawn."""
        with self._ledger.autocommit() as connection:
            rows = store.consents_of(connection, subject_id)
        return [
            Consent(
                purpose=ConsentPurpose(row["purpose"]),
                granted=row["granted"],
                wording=row["wording"],
                source=row["source"],
                at=row["at"],
            )
            for row in rows
        ]

    def in_force(self, subject_id: str) -> dict[ConsentPurpose, Consent]:
        """The latest word on each purpose."""
        return {each.purpose: each for each in self.history(subject_id)}

    def allows(self, subject_id: str, purpose: ConsentPurpose) -> bool:
        """No word is a no."""
        latest = self.in_force(subject_id).get(purpose)
        return latest is not None and latest.granted

    def preferences(self, customer_id: str) -> Preferences:
        with self._ledger.autocommit() as connection:
            return store.preferences(connection, customer_id) or Preferences()

    def prefer(self, customer_id: str, wanted: Preferences) -> Preferences:
        """Raises Invalid for a way that the account has no number for."""
        with self._ledger.transaction() as connection:
            if wanted.channel is not Channel.EMAIL and self._customers.find(customer_id).phone is None:
                raise NoPhone
            self._customers.lock(customer_id)
            store.put_preferences(connection, customer_id, wanted, now=self._now())
        return wanted

    def news(self, customer_id: str, channel: Channel, *, wanted: bool, wording: str, source: str) -> Consent:
        """Say yes or no to offers and news by this channel."""
        return self.record(customer_id, NEWS[channel], granted=wanted, wording=wording, source=source)

    def adopt(self, guest_id: str, customer_id: str) -> int:
        """What the guest said last on each purpose is said by the customer too; how many."""
        said = self.in_force(guest_id)
        with self._ledger.transaction() as connection:
            for consent in said.values():
                row = {"id": new_id("con"), "subject_id": customer_id, **vars(consent)}
                store.add_consent(connection, row)
        return len(said)


class NoPhone(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "There is no phone number on your account yet; please add one first.",
            {"field": "channel", "expected": "email, or a phone number on the account"},
        )
