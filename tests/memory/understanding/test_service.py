from datetime import date

import pytest

from memory.embeddings import Embedder
from memory.understanding.models import Understanding
from memory.understanding.service import SHAPE, Enrichment, Heard

DAY = date(2026, 2, 2)


def understood(enrichment: Enrichment, embedder: Embedder, *texts: str) -> list[Understanding]:
    vectors = embedder.encode([SHAPE.format(text) for text in texts])
    return enrichment.understand(
        [Heard(text, DAY, vector) for text, vector in zip(texts, vectors, strict=True)]
    )


def test_a_message_is_understood_whole(enrichment: Enrichment, embedder: Embedder) -> None:
    (heard,) = understood(enrichment, embedder, "do you have gumies for sleep under 40? I love them")

    assert heard.language == "en"
    assert heard.sentiment is not None
    assert heard.sentiment > 0.5
    assert heard.intent.name == "search_products"
    assert heard.named == {
        "amount": frozenset({"4000"}),
        "category": frozenset({"edible"}),
        "effect": frozenset({"sleep"}),
    }


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("please end my membership", "cancel_membership"),
        ("add Sharp Pencil Tincture to the cart", "add_to_cart"),
        ("what's the capital of France", None),
        ("my car broke down on the highway", None),
        ("will it snow in Chicago this weekend", None),
    ],
)
def test_what_the_shop_does_not_do_is_no_intent(
    enrichment: Enrichment, embedder: Embedder, text: str, intent: str | None
) -> None:
    (heard,) = understood(enrichment, embedder, text)

    assert heard.intent.name == intent


def test_many_at_once_are_understood_as_one_by_one(enrichment: Enrichment, embedder: Embedder) -> None:
    texts = [
        "quiero gomitas de limón",
        "",
        "\U0001f600",
        "x" * 300_000,
        "cancel my membership",
        "\u05e9\u05dc\u05d5\u05dd",
    ]

    at_once = understood(enrichment, embedder, *texts)

    one_by_one = [understood(enrichment, embedder, text)[0] for text in texts]
    assert [(each.language, each.sentiment, each.entities) for each in at_once] == [
        (each.language, each.sentiment, each.entities) for each in one_by_one
    ]
    assert [each.intent.name for each in at_once] == [each.intent.name for each in one_by_one]


def test_nothing_heard_is_nothing_understood(enrichment: Enrichment) -> None:
    assert enrichment.understand([]) == []


def test_it_is_kept_without_the_customers_own_words(enrichment: Enrichment, embedder: Embedder) -> None:
    (heard,) = understood(enrichment, embedder, "gummies for sleep, budget 40")

    kept = Understanding.from_document(heard.document())

    assert (kept.named, kept.intent, kept.sentiment) == (heard.named, heard.intent, heard.sentiment)
    assert "gummies" not in str(heard.document())
