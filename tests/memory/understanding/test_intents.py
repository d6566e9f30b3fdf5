from pathlib import Path

import numpy as np

from memory.embeddings import Embedder
from memory.understanding.intents import IntentModel
from memory.understanding.service import SHAPE, learn_intents, load_intents

WAYS = {
    "cart": ["put the product in my cart", "add two of those", "I'd like the product", "one more please"],
    "hours": ["when do you open", "are you open on sunday", "how late are you there", "opening hours"],
}
PRODUCTS = ["Night Owl Gummies"]
ASKED = ["put the Night Owl Gummies in my cart", "when do you open tomorrow", "the sky is blue"]


def _read(model: IntentModel, embedder: Embedder) -> list[object]:
    return list(model.read(ASKED, embedder.encode([SHAPE.format(text) for text in ASKED])))


def test_kept_intents_read_as_those_just_trained(embedder: Embedder, tmp_path: Path) -> None:
    trained = _read(learn_intents(WAYS, PRODUCTS, embedder), embedder)

    first = _read(load_intents(WAYS, PRODUCTS, embedder, folder=tmp_path), embedder)
    again = _read(load_intents(WAYS, PRODUCTS, embedder, folder=tmp_path), embedder)

    assert first == again == trained
    assert len(list(tmp_path.glob("intents-*.npz"))) == 1


def test_other_products_are_trained_apart(embedder: Embedder, tmp_path: Path) -> None:
    for products in (PRODUCTS, ["Daybreak Mints"]):
        model = load_intents(WAYS, products, embedder, folder=tmp_path)
        assert np.isfinite(model.head.classifier.weights).all()

    assert len(list(tmp_path.glob("intents-*.npz"))) == 2
