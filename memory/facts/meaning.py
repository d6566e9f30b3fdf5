"""Read by meaning what no rule reads: a clause is held against examples of what people state."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from foundation.artifact_cache import Arrays, kept
from memory.embeddings import Encoder, Vectors
from memory.facts import values
from memory.facts.clauses import OURS, RELATION_OF, Clause
from memory.facts.models import ABOUT_THEMSELVES, Assertion
from memory.ports import ShopName

EXAMPLES = Path(__file__).with_name("meaning.txt")
EXAMPLE = re.compile(r"(?P<label>[^:]+?): (?P<text>.+)")
NOTHING = "nothing"
SURE = 0.8
"""Below that probability a clause states nothing: a wrong fact costs more than a missed one."""
TRUST = 0.8
"""Of a reading by meaning, beside one by a rule."""
LONGEST_WORDS = 18
SPEAKER = frozenset(
    "i me my mine myself we us our yo me mi mis tengo soy estoy vivo vivimos tomo uso".split()
)
INVERSE_REGULARISATION = 20.0
RECIPE = "1"
"""Raise it when the same examples would give another head."""
TASTED = ("product", "category", "flavour")
"""What somebody may like; who likes sleep has said nothing of the shop."""

Found = Callable[[str], Iterator[str]]
TYPED: Mapping[str, Found] = {
    "allergic to": values.foods,
    "diet": values.diets,
    "budget": values.budgets,
    "lives in": values.places,
    "shops for": values.people,
}
"""How the value of a predicate is found in a clause; of the others it is a thing of the shop's."""


class ClauseMeaning:
    """A logistic head over the sentence's vector, trained on our own examples once on a machine."""

    def __init__(self, encoder: Encoder, *, folder: Path, requests: Sequence[str] = ()) -> None:
        """requests: what is asked of the shop, which states nothing. folder: where the head is kept."""
        self._encoder = encoder
        examples = [*_examples(), *((NOTHING, text) for text in requests)]
        head = kept(folder, "meaning", of=[RECIPE, examples], train=lambda: _train(examples, encoder))
        self._labels = [str(label) for label in head["labels"]]
        self._weights, self._biases = head["weights"], head["biases"]

    def read(self, clause: Clause, things: Sequence[ShopName]) -> list[Assertion]:
        words = values.WORD.findall(clause.text.lower())
        if len(words) > LONGEST_WORDS or SPEAKER.isdisjoint(words):
            return []
        chances = _softmax(self._weights @ self._encoder.encode([clause.text])[0] + self._biases)
        best = int(np.argmax(chances))
        label, sure = self._labels[best], float(chances[best])
        if label == NOTHING or sure < SURE:
            return []
        predicate, _, value = label.partition(" = ")
        subject = ABOUT_THEMSELVES if predicate == "shops for" else _subject(clause)
        return [
            Assertion(name, said, subject=subject, confidence=round(TRUST * sure, 2))
            for name, said in ([(predicate, value)] if value else _valued(predicate, clause, things))
        ]


def _valued(predicate: str, clause: Clause, things: Sequence[ShopName]) -> list[tuple[str, str]]:
    typed = TYPED.get(predicate)
    if typed is not None:
        return [(predicate, value) for value in dict.fromkeys(typed(clause.text))]
    kinds = ("effect",) if predicate == "uses for" else TASTED
    said = [each for each in things if each.kind in kinds]
    if predicate.startswith("preferred"):
        said = said[:1]
    return [(predicate.format(kind=each.kind), each.short) for each in dict.fromkeys(said)]


def _subject(clause: Clause) -> str:
    """Whose the clause is, where it begins with somebody of theirs."""
    ours = OURS.match(clause.text)
    return ABOUT_THEMSELVES if ours is None else RELATION_OF[ours["relation"].lower()]


def _softmax(scores: Vectors) -> Vectors:
    raised = np.exp(scores - scores.max())
    likely: Vectors = raised / raised.sum()
    return likely


def _train(examples: Sequence[tuple[str, str]], encoder: Encoder) -> Arrays:
    from sklearn.linear_model import LogisticRegression

    labels, texts = zip(*examples, strict=True)
    head = LogisticRegression(C=INVERSE_REGULARISATION, class_weight="balanced", max_iter=500)
    head.fit(encoder.encode(texts), labels)
    return {"labels": head.classes_, "weights": head.coef_, "biases": head.intercept_}


def _examples() -> list[tuple[str, str]]:
    """Lines such as `likes: gummies always hit the spot for me`."""
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()
    found = [EXAMPLE.fullmatch(line) for line in lines if not line.startswith("#")]
    return [(each["label"], each["text"]) for each in found if each is not None]
