"""Who carries messages out of the house."""

from typing import Protocol

from commerce.notices.models import Message


class CarrierSilent(Exception):
    """No usable answer came: the message may have gone out or not. Its words hold no personal data."""


class Carrier(Protocol):
    """The mail, or text messages.

    A message's id names it for good. A carrier that cannot tell what it has sent answers False,
    and then a crash between sending and writing that down may send the message twice.
    """

    def send(self, message: Message) -> None:
        """Send it once, however often it is asked.

        Raises:
            CarrierSilent: when it is worth trying again.
            Unsendable: when it is not: the address is none, or refuses.
        """

    def has_sent(self, message_id: str) -> bool: ...

    def forget(self, message_id: str) -> None:
        """Drop the copy that is still here, where there is one."""
