"""What the PDF417 barcode on a driver's license says (AAMVA, versions 1 to 12).

It is not signed: that it can be read shows the form of an ID and never that it is genuine.
"""

import re
from datetime import date, datetime

import aamva_parser

from commerce.age.models import AgeSubmission
from foundation.errors import Invalid

LONGEST_BARCODE = 2_000
HEADER = re.compile(r"@[\s\x1c-\x1f]*(?:ANSI |AAMVA)[0-9]{8}")
REQUIRED = ("first_name", "last_name", "date_of_birth", "state", "drivers_license_id")


class UnreadableBarcode(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "That is not the text of a driver's license barcode. Please scan the back of your ID again, "
            "or fill in the form.",
            {"field": "barcode", "expected": "an AAMVA barcode, beginning with @ and ANSI"},
        )


class DocumentExpired(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "That ID is no longer valid. Please use one that is.",
            {"field": "barcode", "expected": "an ID that has not expired"},
        )


def read_barcode(text: str, *, today: date) -> AgeSubmission:
    """The form as the barcode fills it in; how old that is, the caller works out."""
    if len(text) > LONGEST_BARCODE or not HEADER.match(text.strip()):
        raise UnreadableBarcode
    try:
        card = aamva_parser.parse(text.strip())
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise UnreadableBarcode from error
    if any(getattr(card, field) is None for field in REQUIRED):
        raise UnreadableBarcode
    if card.expiration_date is not None and _day(card.expiration_date) < today:
        raise DocumentExpired
    digits = re.sub(r"[^0-9]", "", card.drivers_license_id or "")
    names = (card.first_name, card.middle_name, card.last_name)
    return AgeSubmission(
        full_name=" ".join(part.title() for part in names if part and part.strip(" ,")),
        date_of_birth=_day(card.date_of_birth),
        state=card.state or "",
        id_last4=digits[-4:],
    )


def _day(at: datetime | None) -> date:
    if at is None:
        raise UnreadableBarcode
    return at.date()
