"""The reader of statements as the shop has it: with its names, and with what is only asked of it."""

from evals.facts.names import DemoCatalogue
from memory.embeddings import Embedder
from memory.enrichment.entities import Entities
from memory.statements.meaning import ClauseMeaning
from memory.statements.reader import StatementReader
from tools.catalog import TOOLS

NOTES = {"remember_preference"}
"""Tools that are asked by stating something."""


def open_reader(embedder: Embedder) -> StatementReader:
    requests = [text for tool in TOOLS if tool.name not in NOTES for text in tool.examples]
    entities = Entities(DemoCatalogue(), is_word=embedder.is_word)
    return StatementReader(entities, ClauseMeaning(embedder, requests=requests))
