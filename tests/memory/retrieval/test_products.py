from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from foundation.text.reader import TextReader
from memory.embeddings import Embedder
from memory.retrieval.products import ProductSearch, ShelfProduct, Wish, understood


def _shelved(product_id: str, name: str, about: str, cents: int) -> ShelfProduct:
    return ShelfProduct(product_id, name, f"{name}: {about}", cents)


SHELF = (
    _shelved("owl", "Night Owl Gummies", "edible for sleep, tastes of sweet berry", 28_00),
    _shelved("dusk", "Dusk Drops", "tincture for sleep, earthy and unsweetened", 36_00),
    _shelved("deep", "Deep Rest Oil", "tincture for sleep, tastes of pine", 62_00),
    _shelved("day", "Daybreak Mints", "edible for focus and energy", 19_99),
    _shelved("balm", "Trail Balm", "topical cream for sore muscles and joints", 24_00),
)


class Shelf:
    def __init__(self, products: Sequence[ShelfProduct] = SHELF) -> None:
        self.held = list(products)
        self.changes = 0

    def revision(self) -> object:
        return self.changes

    def products(self) -> Sequence[ShelfProduct]:
        return self.held

    def worded(self, text: str) -> Mapping[str, float]:
        words = set(text.lower().split())
        return {each.id: float(len(words & set(each.text.lower().split()))) for each in self.held}

    def change(self, product: ShelfProduct) -> None:
        self.held = [product if each.id == product.id else each for each in self.held]
        self.changes += 1


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def search(shelf: Shelf, embedder: Embedder, text_reader: TextReader) -> ProductSearch:
    return ProductSearch(shelf, embedder, lambda: text_reader)


def _ids(search: ProductSearch, question: str) -> list[str]:
    return [match.product.id for match in search.search(question)]


def test_wish_is_taken_apart(text_reader: TextReader) -> None:
    assert understood("something for sleep, not too sweet, under 40", text_reader) == Wish(
        "something for sleep", ("sweet",), None, 40_00
    )
    assert understood("edibles over $20 without mint", text_reader) == Wish("edibles", ("mint",), 20_00, None)
    assert understood("a balm", text_reader) == Wish("a balm")


def test_what_is_unwanted_comes_after_what_is_not(search: ProductSearch) -> None:
    assert _ids(search, "something for sleep, not too sweet, under 40")[0] == "dusk"
    assert "deep" not in _ids(search, "something for sleep, not too sweet, under 40")


def test_meaning_finds_what_no_word_names(search: ProductSearch) -> None:
    assert _ids(search, "my knees hurt after running")[0] == "balm"


def test_nothing_is_guessed(search: ProductSearch) -> None:
    assert _ids(search, "a garden hose") == []
    assert _ids(search, "") == []


def test_price_and_stock_of_this_moment_count(search: ProductSearch, shelf: Shelf) -> None:
    assert "owl" in _ids(search, "gummies for sleep under 30")

    shelf.held = [replace(each, price_cents=31_00) if each.id == "owl" else each for each in shelf.held]
    assert "owl" not in _ids(search, "gummies for sleep under 30")

    shelf.held = [replace(each, is_available=False) if each.id == "owl" else each for each in shelf.held]
    assert "owl" not in _ids(search, "gummies for sleep")


def test_changed_product_is_read_anew(search: ProductSearch, shelf: Shelf) -> None:
    search.search("sleep")

    shelf.change(_shelved("day", "Lullaby Syrup", "edible for deep sleep", 19_99))

    assert "day" in _ids(search, "a syrup for sleep")


def test_empty_shelf_has_nothing(embedder: Embedder, text_reader: TextReader) -> None:
    assert ProductSearch(Shelf([]), embedder, lambda: text_reader).search("sleep") == []


def test_kinds_take_turns_unless_one_is_asked_for(embedder: Embedder, text_reader: TextReader) -> None:
    kinds = {
        "topical": "Lotion",
        "edible": "Gummies",
        "flower": "Flower",
        "vape": "Cartridge",
        "tincture": "Drops",
    }
    several = [
        ShelfProduct(
            f"{kind}_{name}".lower(),
            f"{name} {form}",
            f"{name} {form}. {kind}. for sleep",
            20_00,
            category=kind,
        )
        for kind, form in kinds.items()
        for name in ("Moonrise", "Velvet Dusk", "Harbor Night")
    ]
    search = ProductSearch(Shelf(several), embedder, lambda: text_reader)

    def found(question: str) -> list[ShelfProduct]:
        return [match.product for match in search.search(question)]

    assert {each.category for each in found("something for sleep")} == set(kinds)
    assert [each.category for each in found("a lotion for sleep")[:3]] == ["topical"] * 3
    assert found("sleep like velvet dusk flower")[0].name == "Velvet Dusk Flower"
