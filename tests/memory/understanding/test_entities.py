from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest

from commerce.inventory.vocabulary import vocabulary
from memory.ports import NameKind, ShopName
from memory.understanding.entities import Entities

MONDAY = date(2026, 2, 2)
ENGLISH = {"cancel", "flower", "night", "sleep", "light"}
TERMS: Sequence[tuple[NameKind, str]] = [("category", "edible"), ("flavour", "spicy"), ("effect", "relief")]
READER = vocabulary().reader(is_word=ENGLISH.__contains__)
NAMES = [
    *(ShopName(kind, each, each, vocabulary().of_kind(kind)[each].synonyms) for kind, each in TERMS),
    ShopName("product", "prd_owl", "Night Owl Gummies, 10 count"),
    ShopName("product", "prd_old", "Night Owl Tincture, 500 mg"),
]


@dataclass
class Shelf:
    several: Sequence[ShopName] = field(default_factory=lambda: list(NAMES))

    def revision(self) -> object:
        return len(self.several)

    def names(self) -> Sequence[ShopName]:
        return self.several


def found(text: str, shelf: Shelf | None = None) -> list[tuple[str, str]]:
    entities = Entities(shelf or Shelf(), READER)
    return [(each.kind, each.value) for each in entities.find(text, today=MONDAY)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two Night Owl Gummies", [("product", "prd_owl")]),
        ("the nite owl gumies please", [("product", "prd_owl")]),
        ("NIGHT OWL tinctures?", [("product", "prd_old")]),
        ("any gummies?", [("category", "edible")]),
        ("unas gomitas", [("category", "edible")]),
        ("cancel it", []),
        ("$40, no, 35.50 dollars", [("amount", "4000"), ("amount", "3550")]),
        ("forty-five bucks", [("amount", "4500")]),
        ("under 40", [("amount", "4000")]),
        ("hasta 30 dólares", [("amount", "3000")]),
        ("500 mg, 10 count, 3 of them", []),
        ("1,200.50 dollars", [("amount", "120050")]),
        ("tomorrow or next friday", [("date", "2026-02-03"), ("date", "2026-02-06")]),
        ("last monday", [("date", "2026-01-26")]),
        ("May 3rd", [("date", "2026-05-03")]),
        ("el 3 de mayo de 2025", [("date", "2025-05-03")]),
        ("12/28", [("date", "2025-12-28")]),
        ("February 30", []),
        ("2026-13-45", []),
        ("order ord_3kx9, mem_12", [("order", "ord_3kx9"), ("membership", "mem_12")]),
    ],
)
def test_things_are_found_by_their_names(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_name_that_is_new_is_known_at_the_next_message() -> None:
    shelf = Shelf()
    entities = Entities(shelf, READER)
    assert entities.find("moon drops", today=MONDAY) == ()

    shelf.several = [*NAMES, ShopName("product", "prd_moon", "Moon Drops")]

    assert [each.value for each in entities.find("moon drops", today=MONDAY)] == ["prd_moon"]


def test_words_are_found_where_they_stand() -> None:
    text = "Hi! Any Night Owl Gummies left?"

    (entity,) = Entities(Shelf(), READER).find(text, today=MONDAY)

    assert text[entity.start : entity.end] == entity.words == "Night Owl Gummies"


def test_an_empty_catalogue_names_nothing() -> None:
    assert found("gummies for sleep", Shelf([])) == []
