import pytest

from agent.models.offline import references
from agent.models.offline.conversation import Call, Exchange, Result
from agent.models.offline.vocabulary import Choices
from tests.agent.offline import DRIFT, MOON, OWL, RAFFLES, SHELF

CHOICES = Choices()
SHOWN = [Exchange("x", [Call("1", "search_products", {}, Result(SHELF["say"], SHELF["data"]))])]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("the second one", [MOON]),
        ("tell me about number 3", [DRIFT]),
        ("#1", []),
        ("the last one", [DRIFT]),
        ("the cheapest one", [OWL]),
        ("the most expensive one", [MOON]),
        ("that tincture", [MOON]),
        ("the moonlit one", [MOON]),
        ("the first 2", [OWL, MOON]),
        ("the first and the third", [OWL, DRIFT]),
        ("the first and third", [OWL, DRIFT]),
        ("numbers 1 and 3", [OWL, DRIFT]),
        ("both of them", [OWL, MOON]),
        ("both the first and the third", [OWL, DRIFT]),
        ("and 2", []),
        ("which of those is cheapest", [OWL]),
        ("put the cheapest in my cart", [OWL]),
        ("last time", []),
        ("on second thought", []),
        ("the tenth one", []),
        ("number 9", []),
    ],
)
def test_what_was_shown_is_pointed_to(words: str, ids: list[str]) -> None:
    shelf = references.shelf(SHOWN)

    found = references.point_all(words.split(), shelf, choices=CHOICES)

    assert [item.id for item in found] == ids


def test_it_is_the_only_thing_shown() -> None:
    data = {"id": OWL, "name": "Night Owl Gummies", "price": "28.00"}
    shelf = references.shelf([Exchange("x", [Call("1", "product_details", {}, Result("", data))])])

    found = references.point(["is", "it", "sweet"], shelf, choices=CHOICES)

    assert found is not None
    assert found.id == OWL


def test_the_latest_list_is_the_one_pointed_to() -> None:
    raffles = Result(str(RAFFLES["say"]), RAFFLES["data"])
    later = [*SHOWN, Exchange("y", [Call("2", "list_raffles", {}, raffles)])]

    assert references.shelf(later).kind == "raffle"
    assert references.shelf(SHOWN).kind == "product"


def test_results_without_things_show_nothing() -> None:
    odd = [{"turns": [{"turn_id": "trn_1"}]}, "text", None, [1, "a"], {"id": 3, "name": 4}]
    exchanges = [Exchange("x", [Call("1", "t", {}, Result("", data))]) for data in odd]

    assert references.shelf(exchanges).items == ()
