"""The port of a message carrier."""

from typing import Protocol

from commerce.notices.models import Message


class CarrierSilent(Exception):
    """The carrier did not answer: the message may have been sent or not. Holds no personal data."""


class Carrier(Protocol):
    """E-mail, or text messages.

    A message keeps its id. A carrier that cannot look up what it has sent returns False; then a crash
    between sending and recording may send the message twice.
    """

    def send(self, message: Message) -> None:
        """Send it once, however often it is called.

        Raises:
            CarrierSilent: the attempt may be repeated.
            Unsendable: it may not: the address is invalid, or refuses.
        """

    def has_sent(self, message_id: str) -> bool: ...

    def forget(self, message_id: str) -> None:
        """Delete the local copy, if there is one."""
