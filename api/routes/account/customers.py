"""What a customer sees and changes of themselves: profile, addresses, consents, preferences."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.authorization import Customer, Owner, ReadableCustomer, Visitor
from api.deps import AddressesDep, ConsentsDep, CustomersDep, OwnAccessDep, PathId
from api.envelope import Envelope
from api.errors import refusals
from api.routes.account.auth import Code, CodeSent, Email, Secret, TheVisit
from api.routing import api_router
from api.schemas.base import Id, Matching, PlainText, Schema, Timestamp
from commerce.customers.contact import (
    Address,
    Channel,
    Consent,
    ConsentPurpose,
    Language,
    NewAddress,
    Preferences,
)
from commerce.customers.models import Customer as Account
from commerce.customers.models import Details

router = api_router(
    prefix="/api/customers",
    tag="customers",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)
Line = Annotated[PlainText, Field(max_length=100)]


class Profile(Schema):
    id: str
    name: str
    email: str
    email_verified_at: Timestamp | None
    phone: str | None
    phone_verified_at: Timestamp | None
    state: str | None
    created_at: Timestamp

    @classmethod
    def of(cls, customer: Account) -> "Profile":
        return cls.model_validate(customer)


class Changes(Schema):
    """The whole of it: what is left out is taken out."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "Dana D'Arc", "phone": "+15125550100", "state": "Texas"}}
    )

    name: Annotated[PlainText, Field(min_length=1, max_length=100)]
    phone: Annotated[PlainText, Field(max_length=30)] | None = None
    state: Annotated[PlainText, Field(max_length=30)] | None = None


class ToVerify(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"channel": "phone"}})

    channel: Literal["email", "phone"]


class Proof(ToVerify):
    model_config = ConfigDict(json_schema_extra={"example": {"channel": "phone", "code": "123456"}})

    code: Code


class NewEmail(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"email": "dana@new.example"}})

    email: Email


class NewEmailProof(NewEmail):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"email": "dana@new.example", "code": "123456", "password": "correct horse battery"}
        }
    )

    code: Code
    password: Secret | None = None
    """Not needed within ten minutes of signing in with a code."""


class AddressForm(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "recipient": "Dana Demo",
                "line1": "1200 Main Street",
                "line2": "Apt 4",
                "city": "San Antonio",
                "state": "TX",
                "postalCode": "78205",
            }
        }
    )

    recipient: Line
    line1: Line
    line2: Line = ""
    city: Line
    state: Annotated[PlainText, Field(max_length=30)]
    postal_code: Annotated[str, Matching(r"^[0-9]{5}(-[0-9]{4})?$", "a ZIP code such as 78205")]

    def address(self) -> NewAddress:
        return NewAddress(**self.model_dump())


class AddressShown(AddressForm):
    id: Id
    is_default: bool

    @classmethod
    def of(cls, address: Address) -> "AddressShown":
        return cls.model_validate(address)


class Removed(Schema):
    removed: bool = True


class ConsentForm(Schema):
    model_config = ConfigDict(
        json_schema_extra={"example": {"purpose": "email_news", "granted": True, "wording": "2026-03"}}
    )

    purpose: ConsentPurpose
    granted: bool
    wording: Annotated[
        str, Matching(r"^[A-Za-z0-9._-]{1,40}$", "the version of the wording, such as 2026-03")
    ]


class ConsentShown(ConsentForm):
    source: str
    at: Timestamp

    @classmethod
    def of(cls, consent: Consent) -> "ConsentShown":
        return cls.model_validate(consent)


class PreferencesForm(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"channel": "email", "language": "es"}})

    channel: Channel = Channel.EMAIL
    language: Language = Language.ENGLISH


@router.get("/me")
def get_profile(principal: Customer, customers: CustomersDep) -> Envelope[Profile]:
    return Envelope(data=Profile.of(customers.find(principal.id)))


@router.put("/me")
def update_profile(changes: Changes, principal: Owner, own_access: OwnAccessDep) -> Envelope[Profile]:
    """Name, phone and state. Another phone number has to be verified anew; the former one hears of it."""
    details = Details(changes.name, changes.phone, changes.state)
    return Envelope(data=Profile.of(own_access.change(principal.id, details)))


@router.post("/me/email", status_code=202)
def request_email_change(
    wanted: NewEmail, principal: Owner, own_access: OwnAccessDep, visit: TheVisit
) -> Envelope[CodeSent]:
    """Have a code sent to the address that is to take the place of the account's."""
    own_access.send_change(principal, wanted.email, visit=visit)
    return Envelope(data=CodeSent())


@router.put("/me/email", responses=refusals("CONFLICT"))
def change_email(
    proof: NewEmailProof, principal: Owner, own_access: OwnAccessDep, visit: TheVisit
) -> Envelope[Profile]:
    """Change the address with the code that came there. The former one hears of it; other sessions end."""
    changed = own_access.change_email(
        principal, proof.email, proof.code, password=proof.password, visit=visit
    )
    return Envelope(data=Profile.of(changed))


@router.post("/me/verification", status_code=202, responses=refusals("CONFLICT"))
def request_verification(
    wanted: ToVerify, principal: Owner, own_access: OwnAccessDep, visit: TheVisit
) -> Envelope[CodeSent]:
    """Have a code sent to the e-mail address or the phone of the account."""
    own_access.send_verification(principal.id, Channel(wanted.channel), visit=visit)
    return Envelope(data=CodeSent())


@router.put("/me/verification", responses=refusals("CONFLICT"))
def verify_contact(proof: Proof, principal: Owner, own_access: OwnAccessDep) -> Envelope[Profile]:
    """Show with the code that the address or number is yours."""
    verified = own_access.verify(principal.id, Channel(proof.channel), proof.code)
    return Envelope(data=Profile.of(verified))


@router.get("/me/addresses")
def list_addresses(principal: Customer, addresses: AddressesDep) -> Envelope[list[AddressShown]]:
    """The default first."""
    return Envelope(data=[AddressShown.of(each) for each in addresses.list(principal.id)])


@router.post("/me/addresses", status_code=201, responses=refusals("CONFLICT"))
def add_address(form: AddressForm, principal: Owner, addresses: AddressesDep) -> Envelope[AddressShown]:
    """The first one becomes the default."""
    return Envelope(data=AddressShown.of(addresses.add(principal.id, form.address())))


@router.put("/me/addresses/{address_id}")
def update_address(
    address_id: PathId, form: AddressForm, principal: Owner, addresses: AddressesDep
) -> Envelope[AddressShown]:
    changed = addresses.change(principal.id, address_id, form.address())
    return Envelope(data=AddressShown.of(changed))


@router.put("/me/addresses/{address_id}/default")
def set_default_address(
    address_id: PathId, principal: Owner, addresses: AddressesDep
) -> Envelope[AddressShown]:
    """Where orders go from now on."""
    return Envelope(data=AddressShown.of(addresses.make_default(principal.id, address_id)))


@router.delete("/me/addresses/{address_id}")
def delete_address(address_id: PathId, principal: Owner, addresses: AddressesDep) -> Envelope[Removed]:
    addresses.remove(principal.id, address_id)
    return Envelope(data=Removed())


@router.get("/me/consents")
def list_consents(principal: Visitor, consents: ConsentsDep) -> Envelope[list[ConsentShown]]:
    """Everything that was agreed to or withdrawn, in order. A guest's own too."""
    return Envelope(data=[ConsentShown.of(each) for each in consents.history(principal.id)])


@router.post("/me/consents", status_code=201)
def record_consent(form: ConsentForm, principal: Visitor, consents: ConsentsDep) -> Envelope[ConsentShown]:
    """Agree, or withdraw. Nothing is overwritten; the latest word on a purpose is the one in force."""
    consent = consents.record(
        principal.id, form.purpose, granted=form.granted, wording=form.wording, source="web"
    )
    return Envelope(data=ConsentShown.of(consent))


@router.get("/me/preferences")
def get_preferences(principal: Customer, consents: ConsentsDep) -> Envelope[PreferencesForm]:
    return Envelope(data=PreferencesForm.model_validate(consents.preferences(principal.id)))


@router.put("/me/preferences")
def set_preferences(
    form: PreferencesForm, principal: Owner, consents: ConsentsDep
) -> Envelope[PreferencesForm]:
    """How you like to hear about what you bought."""
    kept = consents.prefer(principal.id, Preferences(form.channel, form.language))
    return Envelope(data=PreferencesForm.model_validate(kept))


@router.get("/{customer_id}")
def get_customer(customer_id: ReadableCustomer, customers: CustomersDep) -> Envelope[Profile]:
    """A customer's profile: their own, or any for staff."""
    return Envelope(data=Profile.of(customers.find(customer_id)))
