"""A customer's account: profile, addresses, consents and contact preferences."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.accounts import Code, Email, Secret
from api.schemas.base import Matching, PlainText, Schema, Timestamp, example
from commerce.customers.contact import (
    Address,
    Channel,
    Consent,
    ConsentPurpose,
    Language,
    NewAddress,
    Preferences,
)
from commerce.customers.models import Customer, Details

Line = Annotated[PlainText, Field(max_length=100)]


class CustomerOut(Schema):
    """A customer's account."""

    model_config = example(
        id="cus_demo",
        name="Dana Demo",
        email="dana@example.com",
        phone="+15125550100",
        phoneVerifiedAt=None,
        state="TX",
    )

    id: str
    """Id of the customer."""
    name: str
    """Full name."""
    email: str
    """E-mail address."""
    email_verified_at: Timestamp | None
    """When the address was verified; null when it is not."""
    phone: str | None
    """Phone number."""
    phone_verified_at: Timestamp | None
    """When the number was verified; null when it is not."""
    state: str | None
    """Code of the state of residence."""
    created_at: Timestamp
    """When the account was opened."""

    @classmethod
    def of(cls, customer: Customer) -> "CustomerOut":
        return cls.model_validate(customer)


class CustomerUpdate(Schema):
    """The profile as it shall be; what is left out is removed."""

    model_config = example(name="Dana D'Arc", phone="+15125550100", state="Texas")

    name: Annotated[PlainText, Field(min_length=1, max_length=100)]
    """Full name."""
    phone: Annotated[PlainText, Field(max_length=30)] | None = None
    """Phone number; a new one has to be verified."""
    state: Annotated[PlainText, Field(max_length=30)] | None = None
    """State of residence: its code or its name."""

    def details(self) -> Details:
        return Details(self.name, self.phone, self.state)


class VerificationRequest(Schema):
    """What to verify."""

    model_config = example(channel="phone")

    channel: Literal["email", "phone"]
    """The e-mail address or the phone number of the account."""


class VerificationCode(VerificationRequest):
    """The code that proves an address or a number."""

    model_config = example(channel="phone", code="123456")

    code: Code
    """Code from the message."""


class EmailChangeRequest(Schema):
    """The address that shall replace the account's."""

    model_config = example(email="dana@new.example")

    email: Email
    """The new e-mail address; the code goes there."""


class EmailChange(EmailChangeRequest):
    """The code that proves the new address."""

    model_config = example(email="dana@new.example", code="123456", password="correct horse battery")  # noqa: S106

    code: Code
    """Code from the message."""
    password: Secret | None = None
    """The password; not needed within ten minutes of signing in with a code."""


class AddressIn(Schema):
    """A postal address in the United States."""

    model_config = example(
        recipient="Dana Demo",
        line1="1200 Main Street",
        line2="Apt 4",
        city="San Antonio",
        state="TX",
        postalCode="78205",
    )

    recipient: Line
    """Name of the recipient."""
    line1: Line
    """Street and number."""
    line2: Line = ""
    """Apartment, suite or floor."""
    city: Line
    """City."""
    state: Annotated[PlainText, Field(max_length=30)]
    """State: its code or its name."""
    postal_code: Annotated[str, Matching(r"^[0-9]{5}(-[0-9]{4})?$", "a ZIP code such as 78205")]
    """ZIP code."""

    def address(self) -> NewAddress:
        return NewAddress(**self.model_dump())


class AddressOut(Schema):
    """An address of the account."""

    model_config = example(
        id="adr_2k1m9q0z7x3c5v6b4n8f",
        recipient="Dana Demo",
        line1="1200 Main Street",
        line2="Apt 4",
        city="San Antonio",
        state="TX",
        postalCode="78205",
    )

    id: str
    """Id of the address."""
    recipient: str
    """Name of the recipient."""
    line1: str
    """Street and number."""
    line2: str
    """Apartment, suite or floor; empty without one."""
    city: str
    """City."""
    state: str
    """Code of the state."""
    postal_code: str
    """ZIP code."""
    is_default: bool
    """Whether orders go there."""

    @classmethod
    def of(cls, address: Address) -> "AddressOut":
        return cls.model_validate(address)


class AddressRemoved(Schema):
    """The address was removed."""

    removed: bool = True
    """Always true."""


class ConsentIn(Schema):
    """A consent that is given or withdrawn."""

    model_config = example(purpose="email_news", granted=True, wording="2026-03")

    purpose: ConsentPurpose
    """What it is for."""
    granted: bool
    """True gives the consent; false withdraws it."""
    wording: Annotated[
        str, Matching(r"^[A-Za-z0-9._-]{1,40}$", "the version of the wording, such as 2026-03")
    ]
    """Version of the text that was shown."""


class ConsentOut(Schema):
    """A consent that was given or withdrawn."""

    model_config = example(purpose="email_news", granted=True, wording="2026-03", source="web")

    purpose: ConsentPurpose
    """What it is for."""
    granted: bool
    """True when it was given; false when it was withdrawn."""
    wording: str
    """Version of the text that was shown."""
    source: str
    """Where it was recorded."""
    at: Timestamp
    """When it was recorded."""

    @classmethod
    def of(cls, consent: Consent) -> "ConsentOut":
        return cls.model_validate(consent)


class ContactPreferencesIn(Schema):
    """How the customer shall be notified about purchases."""

    model_config = example(channel="email", language="es")

    channel: Channel = Channel.EMAIL
    """Channel of the notices."""
    language: Language = Language.ENGLISH
    """Language of the notices."""

    def preferences(self) -> Preferences:
        return Preferences(self.channel, self.language)


class ContactPreferencesOut(Schema):
    """How the customer is notified about purchases."""

    model_config = example(channel="email", language="es")

    channel: Channel
    """Channel of the notices."""
    language: Language
    """Language of the notices."""

    @classmethod
    def of(cls, preferences: Preferences) -> "ContactPreferencesOut":
        return cls.model_validate(preferences)
