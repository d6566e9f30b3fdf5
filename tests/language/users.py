"""What each user of the language pipeline reads in a sentence, and what the table says of the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.models.offline import counting, schema
from agent.models.offline.names import Names
from agent.models.offline.slots import Clue, Filler
from agent.models.offline.training import Training
from agent.models.offline.vocabulary import Named
from api.containers.artifacts import ModelArtifacts
from commerce.inventory.vocabulary import KINDS, vocabulary
from demo.generator.catalogue import products
from evals.facts.names import SEED, DemoCatalogue
from foundation.text import numbers
from foundation.text.dates import dates
from foundation.text.negation import is_negated, refuses
from foundation.text.numbers import Amount, Kind
from foundation.text.reader import TextReader
from memory.retrieval.products import understood
from memory.understanding.entities import Entities
from tools.catalog import TOOLS

MODELS = Path(__file__).parents[2] / "var" / "models"
TODAY = date(2026, 11, 25)
CENTS = 100
KIND_OF = {name: kind for kind in KINDS for name in vocabulary().of_kind(kind)}
Read = Mapping[str, Any]


@dataclass(frozen=True)
class Expected:
    """A row of the table."""

    row: Mapping[str, Any]

    @property
    def text(self) -> str:
        return str(self.row["text"])

    @property
    def half(self) -> str:
        return str(self.row["half"])

    @cached_property
    def amounts(self) -> list[Amount]:
        return [
            Amount(_decimal(each.get("low")), _decimal(each.get("high")), 0, 0, bool(each.get("about")))
            for each in self.row.get("amounts", ())
        ]

    @cached_property
    def meaning(self) -> Read:
        """All that the table says, in the form that every user's reading is brought to."""
        terms, avoided = (frozenset(self.row.get(key, ())) for key in ("terms", "avoided"))
        return {
            "language": self.row["language"],
            "amounts": tuple((each.low, each.high, each.is_about) for each in self.amounts),
            "counts": tuple(self.row.get("counts", ())),
            "ages": tuple(self.row.get("ages", ())),
            "milligrams": tuple(self.row.get("milligrams", ())),
            "percents": tuple(self.row.get("percents", ())),
            "terms": terms,
            "avoided": avoided,
            "negated": self.row.get("negated", False),
            "date": str(self.row["date"]) if "date" in self.row else None,
        }


def derived(whole: Read) -> Read:
    """The parts of a whole reading, of which each user reads some."""
    said = [Amount(low, high, 0, 0, about) for low, high, about in whole["amounts"]]
    terms, avoided = frozenset(whole["terms"]), frozenset(whole["avoided"])
    counts = tuple(whole["counts"])
    return {
        **whole,
        "bounds": numbers.bounds(said),
        "figures": frozenset(figure for each in said for figure in each.said),
        "named": terms | avoided,
        "count": counts[-1] if counts else None,
        "is_spanish": whole["language"] == "es",
        "without": frozenset(each for each in avoided if KIND_OF[each] != "effect"),
    }


class Users:
    """The pipeline itself and all that reads by it, as the shop wires them."""

    def __init__(self) -> None:
        artifacts = ModelArtifacts(MODELS)
        self.reader: TextReader = artifacts.reader()
        catalogue = DemoCatalogue()
        self._entities = Entities(catalogue, artifacts.reader())
        self._named_reader = artifacts.reader().naming(each.name for each in products(SEED))
        training = Training(artifacts.embedder(), folder=MODELS)
        names = Names(
            [Named("product", each.id, each.name) for each in products(SEED)], plain=training.choices.nouns
        )
        self._chat_reader = training.reader(TOOLS, names)
        self._filler = Filler(training.choices, Names([], plain=training.choices.nouns))
        self._slots = schema.slots(next(tool for tool in TOOLS if tool.name == "search_products"))
        self.readings: Mapping[str, Callable[[str], Read]] = {
            "pipeline": self.pipeline,
            "product search": self.search,
            "memory": self.memory,
            "chat": self.chat,
        }

    def pipeline(self, text: str) -> Read:
        said = self.reader.read(text)
        words = said.words
        mentions = vocabulary().found.find(words)
        avoided = frozenset(each.value for each in mentions if is_negated(words, each.start))
        return {
            "language": said.language,
            "amounts": tuple((each.low, each.high, each.is_about) for each in numbers.amounts(words)),
            "counts": tuple(numbers.values(words, Kind.COUNT)),
            "ages": tuple(numbers.values(words, Kind.AGE)),
            "milligrams": tuple(numbers.values(words, Kind.MILLIGRAMS)),
            "percents": tuple(numbers.values(words, Kind.PERCENT)),
            "terms": frozenset(each.value for each in mentions) - avoided,
            "avoided": avoided,
            "negated": refuses(words) and not avoided,
            "date": next((day.isoformat() for day, *_ in dates(text, today=TODAY)), None),
        }

    def search(self, text: str) -> Read:
        wish = understood(text, self._named_reader)
        found = vocabulary().found
        avoided = {each.value for phrase in wish.avoided for each in found.find(phrase.split())}
        return {
            "bounds": (_dollars(wish.least_cents), _dollars(wish.most_cents)),
            "avoided": frozenset(avoided),
        }

    def memory(self, text: str) -> Read:
        found = self._entities.find(text, today=TODAY)
        days = [each.value for each in found if each.kind == "date"]
        return {
            "language": self._entities.language(text),
            "figures": frozenset(Decimal(each.value) / CENTS for each in found if each.kind == "amount"),
            "named": frozenset(each.value for each in found if each.kind in KINDS),
            "date": days[0] if days else None,
        }

    def chat(self, text: str) -> Read:
        said = self._chat_reader.read(text)
        filled = self._filler.fill(self._slots, Clue(said.words, text))
        without = [*filled.get("without_categories", ()), *filled.get("without_flavours", ())]
        return {
            "is_spanish": said.is_spanish,
            "bounds": numbers.bounds(numbers.amounts(said.words)),
            "count": counting.count(said.words),
            "without": frozenset(without),
        }


def differing(read: Read, meant: Read) -> Sequence[str]:
    """The parts in which a reading is another than what is meant."""
    return [part for part, value in read.items() if meant[part] != value]


def _dollars(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents) / CENTS


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
