from typing import Any

import pytest

from agent.models.offline import schema
from agent.models.offline.names import Names
from agent.models.offline.slots import Clue, Filler
from agent.models.offline.vocabulary import Choices
from commerce.inventory.vocabulary import vocabulary
from foundation.text.negation import is_negated
from tests.agent.offline import NAMES
from tools.catalog import TOOLS

TOOL = {tool.name: tool for tool in TOOLS}
CHOICES = Choices()
FILLER = Filler(CHOICES, Names(NAMES, plain=CHOICES.nouns))


def fill(tool: str, words: str) -> dict[str, Any]:
    return FILLER.fill(schema.slots(TOOL[tool]), Clue(tuple(words.split()), words))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("sleep flower under 40", {"effect": "sleep", "category": "flower", "max_price": 40.0}),
        ("something for my back pain", {"effect": "relief"}),
        ("between 20 and 50 dollars", {"min_price": 20.0, "max_price": 50.0}),
        ("nothing sweet", {"without_flavours": ["sweet"]}),
        ("no citrus , mint please", {"without_flavours": ["citrus"], "flavour": "mint"}),
        ("flower that is not piney", {"category": "flower", "without_flavours": ["pine"]}),
        ("not a vape", {"without_categories": ["vape"]}),
        ("everything but flower , for sleep", {"without_categories": ["flower"], "effect": "sleep"}),
        ("they do not drink , got an edible", {"category": "edible"}),
        ("i can not sleep", {"effect": "sleep"}),
        ("the cheapest", {"sort": "price_low"}),
        ("edibles , no gummies", {"category": "edible"}),
    ],
)
def test_a_search_is_filled_from_the_shops_words(words: str, expected: dict[str, Any]) -> None:
    filled = {name: value for name, value in fill("search_products", words).items() if name != "words"}

    assert filled == expected


def test_a_tier_takes_the_case_of_its_schema() -> None:
    assert fill("subscribe_membership", "not gold , silver") == {"tier": "SILVER"}


def test_tickets_are_counted_and_their_raffle_named() -> None:
    assert fill("buy_raffle_tickets", "3 tickets for the guitar") == {"raffle": "rfl_guitar", "quantity": 3}


def test_a_preference_is_kept_in_the_customers_words() -> None:
    assert fill("remember_preference", "please remember that I like Mint") == {"preference": "I like Mint"}


def test_free_words_are_no_longer_than_their_schema_allows() -> None:
    slot = next(slot for slot in schema.slots(TOOL["remember_preference"]) if slot.is_required)

    assert len(fill("remember_preference", "x" * 5_000)["preference"]) == slot.longest


def test_every_argument_of_every_tool_has_a_known_type() -> None:
    kinds = {slot.kind for tool in TOOLS for slot in schema.slots(tool)}

    assert kinds <= {"choice", "money", "count", "product", "raffle", "order", "state", *schema.FREE}


@pytest.mark.parametrize(
    ("words", "word", "negated"),
    [
        ("no , silver", "silver", False),
        ("anything but vapes", "vapes", True),
        ("bronze instead of gold", "gold", True),
        ("nothing with berry", "berry", True),
        ("without berry that is edible", "edible", False),
        ("gold is too much", "gold", True),
        ("i do not want flower", "flower", True),
        ("never mind the gummies , show me vapes", "gummies", True),
        ("never mind the gummies , show me vapes", "vapes", False),
        ("never mind , silver", "silver", False),
    ],
)
def test_a_refusal_reaches_as_far_as_it_is_meant(words: str, word: str, negated: bool) -> None:  # noqa: FBT001
    said = words.split()

    assert is_negated(said, said.index(word)) is negated


def test_an_order_is_told_by_its_id() -> None:
    assert fill("order_status", "where is ord_7k2m9") == {"order": "ord_7k2m9"}


@pytest.mark.parametrize(
    ("words", "state"),
    [("Texas", "TX"), ("i live in new york", "NY"), ("tx", "TX"), ("ok", None), ("in a hurry", None)],
)
def test_a_state_is_told_by_its_name_or_code(words: str, state: str | None) -> None:
    assert fill("checkout", words.lower()).get("state") == state


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("cancel my membership", None),
        ("cancel my membership, it's too expensive", "it's too expensive"),
        ("please cancel my membership because I never use it.", "I never use it"),
    ],
)
def test_the_reason_is_what_follows_the_wish(words: str, reason: str | None) -> None:
    assert fill("cancel_membership", words).get("reason") == reason


@pytest.mark.parametrize(
    ("words", "channel"),
    [
        ("call me with your offers", "phone"),
        ("sign me up for the newsletter", "email"),
        ("text me your deals", "text"),
        ("let me know about deals", None),
    ],
)
def test_news_come_by_the_way_that_was_named(words: str, channel: str | None) -> None:
    assert fill("start_news", words).get("channel") == channel


def test_every_word_for_a_choice_is_read_as_that_choice() -> None:
    words = {*CHOICES.words, *vocabulary().words}
    reader = vocabulary().reader(is_word=words.__contains__, words=CHOICES.words)
    shop = [(term.name, phrase) for term in vocabulary().described for phrase in term.synonyms]
    said = [*shop, *((choice, phrase) for choice, phrases in CHOICES.synonyms.items() for phrase in phrases)]

    misread = [
        phrase for choice, phrase in said if not CHOICES.mentions(reader.read(phrase).words, among=(choice,))
    ]

    assert misread == []
