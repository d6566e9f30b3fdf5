"""The reader of statements as the shop has it: with its names, and with what is only asked of it."""

from pathlib import Path

from api.containers.artifacts import ModelArtifacts
from evals.facts.names import DemoCatalogue
from memory.embeddings import Embedder
from memory.facts.reader import AssertionReader
from memory.understanding.entities import Entities


def open_reader(embedder: Embedder, *, folder: Path) -> AssertionReader:
    """folder: where what was trained is kept."""
    artifacts = ModelArtifacts(folder, embedder=embedder)
    return AssertionReader(Entities(DemoCatalogue(), artifacts.reader()), artifacts.clause_meaning())
