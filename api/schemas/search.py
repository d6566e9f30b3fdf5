"""Search by meaning."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from api.schemas.base import PlainText, Schema, Timestamp, example
from api.schemas.money import Amount

LARGEST_RESULT = 20


class SearchCollection(StrEnum):
    PRODUCTS = "products"
    KNOWLEDGE = "knowledge"
    CONVERSATIONS = "conversations"
    """The caller's own."""


class SearchQuery(Schema):
    """What to search for."""

    model_config = example(
        query="something for sleep, not too sweet, under 40", collection="products", limit=5
    )

    query: Annotated[PlainText, Field(min_length=1, max_length=2_000)]
    """Question or words, in English or Spanish."""
    collection: SearchCollection = SearchCollection.PRODUCTS
    """What to search in; `conversations` are the caller's own."""
    limit: Annotated[int, Field(ge=1, le=LARGEST_RESULT)] = 5
    """Largest number of hits. A ranking has no further pages."""


class SearchHit(Schema):
    """One hit of a ranking."""

    model_config = example(
        id="prd_owl",
        title="Night Owl Gummies",
        text="Berry gummies for the evening, 30 in a jar.",
        score=0.82,
        why="sleep; under $40.00",
        at=None,
    )

    id: str
    """Id of the product, the passage (`document@version#number`) or the turn."""
    title: str
    """Name of the product, headings of the passage, or channel of the conversation."""
    text: str
    """Description, passage or words."""
    score: float
    """Score of the ranking; higher is better."""
    why: str
    """What it was found by."""
    at: Timestamp | None = None
    """When the passage was published or the words were said; null for products."""
    price: Amount | None = None
    """Price of the product; null for other hits."""
