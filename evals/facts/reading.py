"""The reader of statements as the shop has it: with its names, and with what is only asked of it."""

from pathlib import Path

from api.containers.spares import Brain, requests
from evals.facts.names import DemoCatalogue
from memory.embeddings import Embedder
from memory.facts.meaning import ClauseMeaning
from memory.facts.reader import StatementReader
from memory.understanding.entities import Entities


def open_reader(embedder: Embedder, *, folder: Path) -> StatementReader:
    """folder: where what was trained is kept."""
    entities = Entities(DemoCatalogue(), Brain(embedder, folder).reader)
    return StatementReader(entities, ClauseMeaning(embedder, folder=folder, requests=requests()))
