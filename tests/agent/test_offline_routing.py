from pathlib import Path

import numpy as np

from agent.models.offline.routing import Example, load_router
from memory.embeddings import load_embedder
from tests.agent.offline import MODELS

EXAMPLES = {
    "fruit": [Example("i want an apple"), Example("give me a pear"), Example("any bananas")],
    "weather": [Example("will it rain"), Example("is it sunny today"), Example("how cold is it")],
}


def test_a_clause_goes_where_its_like_are(tmp_path: Path) -> None:
    router = load_router(EXAMPLES, load_embedder(MODELS), folder=tmp_path)

    ranked = router.rank("can i have an orange")

    assert [guess.label for guess in ranked] == ["fruit", "weather"]
    assert 0 <= ranked[1].score < ranked[0].score <= 1


def test_a_router_is_trained_once_and_read_back_the_same(tmp_path: Path) -> None:
    encoder = load_embedder(MODELS)

    first = load_router(EXAMPLES, encoder, folder=tmp_path)
    again = load_router(EXAMPLES, encoder, folder=tmp_path)

    assert len(list(tmp_path.iterdir())) == 1
    assert np.array_equal(first.classifier.weights, again.classifier.weights)


def test_other_examples_are_another_router(tmp_path: Path) -> None:
    encoder = load_embedder(MODELS)

    load_router(EXAMPLES, encoder, folder=tmp_path)
    load_router({**EXAMPLES, "sport": [Example("who won the game")]}, encoder, folder=tmp_path)

    assert len(list(tmp_path.glob("router-*.npz"))) == 2


def test_what_a_clause_holds_tells_its_purpose_where_its_words_do_not(tmp_path: Path) -> None:
    examples = {
        "price": [Example("how much", ["@money"]), Example("and that", ["@money"])],
        "taste": [Example("how much", ["@flavour"]), Example("and that", ["@flavour"])],
    }
    router = load_router(examples, load_embedder(MODELS), folder=tmp_path)

    assert router.rank("and now", ["@money"])[0].label == "price"
    assert router.rank("and now", ["@flavour"])[0].label == "taste"
