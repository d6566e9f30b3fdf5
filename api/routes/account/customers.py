"""A customer's own account: profile, addresses, consents, contact preferences."""

from typing import Annotated

from fastapi import Depends

from api.authorization import Customer, Owner, ReadableCustomer, Visitor
from api.deps import AddressesDep, ConsentsDep, CustomersDep, OwnAccessDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, time_key
from api.routes.account.auth import TheVisit
from api.routing import api_router
from api.schemas.accounts import CodeSent
from api.schemas.customers import (
    AddressIn,
    AddressOut,
    AddressRemoved,
    ConsentIn,
    ConsentOut,
    ContactPreferencesIn,
    ContactPreferencesOut,
    CustomerOut,
    CustomerUpdate,
    EmailChange,
    EmailChangeRequest,
    VerificationCode,
    VerificationRequest,
)
from api.schemas.ids import AddressPath
from commerce.customers.contact import Channel, Consent

router = api_router(
    prefix="/api/customers",
    tag="customers",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)
ConsentPages = Annotated[PageRequest, Depends(PageOf("consents"))]


@router.get("/me")
def get_profile(principal: Customer, customers: CustomersDep) -> Envelope[CustomerOut]:
    """Get the caller's profile."""
    return Envelope(data=CustomerOut.of(customers.find(principal.id)))


@router.put("/me")
def update_profile(
    changes: CustomerUpdate, principal: Owner, own_access: OwnAccessDep
) -> Envelope[CustomerOut]:
    """Update name, phone and state.

    A new phone number has to be verified; the former one is notified of the change.
    """
    return Envelope(data=CustomerOut.of(own_access.change(principal.id, changes.details())))


@router.post("/me/email", status_code=202)
def request_email_change(
    wanted: EmailChangeRequest, principal: Owner, own_access: OwnAccessDep, visit: TheVisit
) -> Envelope[CodeSent]:
    """Send a code to the address that shall replace the account's."""
    own_access.send_change(principal, wanted.email, visit=visit)
    return Envelope(data=CodeSent())


@router.put("/me/email", responses=refusals("CONFLICT"))
def change_email(
    proof: EmailChange, principal: Owner, own_access: OwnAccessDep, visit: TheVisit
) -> Envelope[CustomerOut]:
    """Change the e-mail address with the code that was sent there.

    The former address is notified, and every other session is ended.
    """
    changed = own_access.change_email(
        principal, proof.email, proof.code, password=proof.password, visit=visit
    )
    return Envelope(data=CustomerOut.of(changed))


@router.post("/me/verification", status_code=202, responses=refusals("CONFLICT"))
def request_verification(
    wanted: VerificationRequest, principal: Owner, own_access: OwnAccessDep, visit: TheVisit
) -> Envelope[CodeSent]:
    """Send a code to the e-mail address or the phone number of the account."""
    own_access.send_verification(principal.id, Channel(wanted.channel), visit=visit)
    return Envelope(data=CodeSent())


@router.put("/me/verification", responses=refusals("CONFLICT"))
def verify_contact(
    proof: VerificationCode, principal: Owner, own_access: OwnAccessDep
) -> Envelope[CustomerOut]:
    """Verify the e-mail address or the phone number with the code."""
    verified = own_access.verify(principal.id, Channel(proof.channel), proof.code)
    return Envelope(data=CustomerOut.of(verified))


@router.get("/me/addresses")
def list_addresses(principal: Customer, addresses: AddressesDep) -> Envelope[list[AddressOut]]:
    """List the addresses of the account, the default first. They are few and come in one page."""
    return Envelope(data=[AddressOut.of(each) for each in addresses.list(principal.id)])


@router.post("/me/addresses", status_code=201, responses=refusals("CONFLICT"))
def add_address(form: AddressIn, principal: Owner, addresses: AddressesDep) -> Envelope[AddressOut]:
    """Add an address. The first one becomes the default."""
    return Envelope(data=AddressOut.of(addresses.add(principal.id, form.address())))


@router.put("/me/addresses/{address_id}")
def update_address(
    address_id: AddressPath, form: AddressIn, principal: Owner, addresses: AddressesDep
) -> Envelope[AddressOut]:
    """Change an address."""
    changed = addresses.change(principal.id, address_id, form.address())
    return Envelope(data=AddressOut.of(changed))


@router.put("/me/addresses/{address_id}/default")
def set_default_address(
    address_id: AddressPath, principal: Owner, addresses: AddressesDep
) -> Envelope[AddressOut]:
    """Make an address the default."""
    return Envelope(data=AddressOut.of(addresses.make_default(principal.id, address_id)))


@router.delete("/me/addresses/{address_id}")
def delete_address(
    address_id: AddressPath, principal: Owner, addresses: AddressesDep
) -> Envelope[AddressRemoved]:
    """Remove an address."""
    addresses.remove(principal.id, address_id)
    return Envelope(data=AddressRemoved())


@router.get("/me/consents")
def list_consents(principal: Visitor, consents: ConsentsDep, page: ConsentPages) -> Page[ConsentOut]:
    """List the consents that the caller gave or withdrew, the earliest first; a guest's too."""
    return page.cut(consents.history(principal.id), ConsentOut.of, key=_consent_key)


@router.post("/me/consents", status_code=201)
def record_consent(form: ConsentIn, principal: Visitor, consents: ConsentsDep) -> Envelope[ConsentOut]:
    """Give or withdraw a consent. Nothing is overwritten: the latest entry for a purpose holds."""
    consent = consents.record(
        principal.id, form.purpose, granted=form.granted, wording=form.wording, source="web"
    )
    return Envelope(data=ConsentOut.of(consent))


@router.get("/me/preferences")
def get_preferences(principal: Customer, consents: ConsentsDep) -> Envelope[ContactPreferencesOut]:
    """Get how the customer is notified about purchases."""
    return Envelope(data=ContactPreferencesOut.of(consents.preferences(principal.id)))


@router.put("/me/preferences")
def set_preferences(
    form: ContactPreferencesIn, principal: Owner, consents: ConsentsDep
) -> Envelope[ContactPreferencesOut]:
    """Set how the customer is notified about purchases."""
    kept = consents.prefer(principal.id, form.preferences())
    return Envelope(data=ContactPreferencesOut.of(kept))


@router.get("/{customer_id}")
def get_customer(customer_id: ReadableCustomer, customers: CustomersDep) -> Envelope[CustomerOut]:
    """Get a customer's profile."""
    return Envelope(data=CustomerOut.of(customers.find(customer_id)))


def _consent_key(consent: Consent) -> Key:
    return time_key(consent.at, consent.purpose)
