"""Cards on file, entered through the card form alone."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from api.deps import Owner, TheHouse
from api.envelope import Envelope
from api.errors import refusals
from api.shapes import Shape, Words

router = APIRouter(
    prefix="/api/payments",
    tags=["payments"],
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)


class NewCard(Shape):
    model_config = ConfigDict(json_schema_extra={"example": {"nonce": "tok_approve"}})

    nonce: Annotated[Words, Field(min_length=1, max_length=500)]
    """The single-use token that the card form got from the gateway; never a card number."""


class CardOnFile(Shape):
    id: str
    brand: str
    last_four: str
    is_default: bool


@router.post("/profiles", status_code=201)
def add_card(card: NewCard, principal: Owner, house: TheHouse) -> Envelope[CardOnFile]:
    """Keep the card behind this token at the gateway, as the one to charge from now on."""
    stored = house.payments.add_card(principal.id, nonce=card.nonce)
    return Envelope(data=CardOnFile.model_validate(stored))
