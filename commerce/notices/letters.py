"""Writes a message as an e-mail: the headers, and both bodies."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from commerce.notices.models import Message, Recipient, Unsendable, wire_name
from foundation.settings import ShopSettings

POLICY = SMTP.clone(cte_type="7bit")
"""7-bit content passes through any server unchanged."""
CONTROL = {chr(code) for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


class UnusableAddress(Unsendable):
    def __init__(self) -> None:
        super().__init__("the name or address cannot stand in a header")


def letter(message: Message, shop: ShopSettings) -> EmailMessage:
    """The e-mail; its Message-ID is made of the message's id.

    Raises:
        UnusableAddress: when the recipient would break out of the header.
    """
    composed = EmailMessage(policy=POLICY)
    composed["Date"] = format_datetime(message.at)
    composed["Message-ID"] = f"<{wire_name(message.id)}@{shop.email.rpartition('@')[2]}>"
    composed["From"] = Address(shop.name, addr_spec=shop.email)
    composed["To"] = _addressee(message.recipient)
    composed["Subject"] = message.written.subject
    composed["Auto-Submitted"] = "auto-generated"
    if message.unsubscribe:
        composed["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        composed["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    composed.set_content(message.written.text)
    composed.add_alternative(message.written.html, subtype="html")
    return composed


def _addressee(recipient: Recipient) -> Address:
    name = recipient.name or ""
    if CONTROL.intersection(name + recipient.address):
        raise UnusableAddress
    try:
        return Address(name, addr_spec=recipient.address)
    except (ValueError, IndexError) as error:
        raise UnusableAddress from error
