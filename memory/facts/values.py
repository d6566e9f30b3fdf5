"""The values that facts can have, found in a customer's words: foods, diets, places, money, people."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from foundation.text.normalise import singular
from foundation.text.numbers import Kind, values
from foundation.text.reader import general_reader
from memory.facts.clauses import RELATION, RELATION_OF

DIETS: Mapping[str, str] = {
    "vegan": "vegan|vegana|vegano",
    "vegetarian": "vegetarian|vegetariana|vegetariano",
    "kosher": "kosher",
    "halal": "halal",
    "keto": "keto",
    "sugar free": "diabetic|sugar|sugar free|diabética|diabético|azúcar",
    "gluten free": "gluten|gluten free|celiac|coeliac|celíaca|celíaco|wheat",
    "dairy free": "dairy|lactose|milk|dairy free|lácteos|lactosa",
    "gelatin free": "gelatin|gelatine|gelatina",
    "caffeine free": "caffeine|caffeine free|cafeína",
    "alcohol free": "alcohol|alcohol free",
}
DIET_OF = {words: diet for diet, several in DIETS.items() for words in several.split("|")}
FOODS = frozenset(
    """nut peanut almond cashew walnut pecan hazelnut pistachio soy soya egg coconut sesame mango pineapple
    strawberry shellfish shrimp fish chocolate honey citrus mint berry lavender ginger cinnamon corn
    banana kiwi pollen ragweed latex hemp cacahuate cacahuete maní nuez huevo fresa coco miel
    canela""".split()
)
ENGLISH: Mapping[str, str] = {
    "cacahuate": "peanut",
    "cacahuete": "peanut",
    "maní": "peanut",
    "nuez": "nut",
    "nuece": "nut",
    "soya": "soy",
    "leche": "milk",
    "huevo": "egg",
    "fresa": "strawberry",
    "coco": "coconut",
    "miel": "honey",
    "canela": "cinnamon",
}
LEAST_BUDGET_CENTS = 500
WORD = re.compile(r"[^\W\d_][\w'-]*")
NUMBER = re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d{2})?)(?![\w%])")
CAPITALISED = r"(?:[A-ZÁÉÍÓÚÑ][\w'.]+|[A-Z]{2}\b)"
PLACE = re.compile(rf"{CAPITALISED}(?:,? {CAPITALISED})*")
PLACED = re.compile(rf"\b(?:in|en|near|outside|around|to|is|at) (?P<place>{PLACE.pattern})")


def one(words: str) -> str:
    """A food in the singular, and in English."""
    single = singular(words)
    return ENGLISH.get(single, ENGLISH.get(words, single))


def diet(words: str) -> str | None:
    """The diet that the words begin with."""
    said = words.split()
    return next((DIET_OF[part] for size in (2, 1) if (part := " ".join(said[:size])) in DIET_OF), None)


def diets(text: str) -> Iterator[str]:
    words = [word.lower() for word in WORD.findall(text)]
    yield from (DIET_OF[word] for word in words if word in DIET_OF)


def foods(text: str) -> Iterator[str]:
    for word in WORD.findall(text.lower()):
        if word in FOODS or one(word) in FOODS:
            yield one(word)


def places(text: str) -> Iterator[str]:
    yield from (found["place"].strip(" .,") for found in PLACED.finditer(text))


def budgets(text: str) -> Iterator[str]:
    said = values(general_reader().read(text).words, Kind.MONEY) or map(Decimal, NUMBER.findall(text))
    yield from (dollars(int(100 * each)) for each in said)


def dollars(cents: int) -> str:
    return f"${cents / 100:.2f}".removesuffix(".00")


def people(text: str) -> Iterator[str]:
    for found in re.finditer(rf"\b(?:my|mi) ({RELATION})\b", text, re.I):
        yield RELATION_OF[found[1].lower()]
