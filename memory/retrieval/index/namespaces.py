"""Pinecone's data plane as far as we use it, with the one layer of retries there is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pinecone import (
    Index,
    NotFoundError,
    Pinecone,
    PineconeConnectionError,
    PineconeTimeoutError,
    RateLimitError,
    RetryConfig,
    ServiceError,
)
from pinecone._internal.constants import DATA_PLANE_API_VERSION
from pinecone._internal.http_client import HTTPClient

from foundation.clock import Clock, system_clock
from foundation.errors import Unavailable
from foundation.resilience import Breaker, BreakerOpen, retry
from memory.embeddings import DIMENSIONS, Vectors

BATCH = 100
"""Lines in one request: far below the limit of 2 MB."""
SOME = 100
ANYWHERE = [1.0] + [0.0] * (DIMENSIONS - 1)
"""A vector to ask with when all that is near will do."""
PATIENCE = timedelta(seconds=5)
TIMEOUT_SECONDS = 2.0
TROUBLE = (RateLimitError, ServiceError, PineconeConnectionError, PineconeTimeoutError)

T = TypeVar("T")
Part = TypeVar("Part")


class IndexSilent(Unavailable):
    def __init__(self, retry_after_seconds: float | None = None) -> None:
        super().__init__("I cannot look through our earlier conversations just now.")
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Line:
    name: str
    vector: NDArray[np.float16]
    position: int
    """Of its turn."""
    speaker: str


class Namespaces:
    """Every method raises `IndexSilent` when no answer comes in time; all may be repeated."""

    def __init__(self, index: Index, *, now: Clock = system_clock) -> None:
        self._index = index
        self._breaker = Breaker("vector index", on=IndexSilent, now=now)

    def close(self) -> None:
        self._index.close()

    def put(self, namespace: str, lines: Sequence[Line]) -> None:
        for batch in _batches(lines):
            vectors = [
                {
                    "id": line.name,
                    "values": line.vector.astype(float).tolist(),
                    "metadata": {"position": line.position, "speaker": line.speaker},
                }
                for line in batch
            ]
            self._ask(lambda: self._index.upsert(vectors=vectors, namespace=namespace))  # noqa: B023

    def nearest(self, namespace: str, vector: Vectors, *, up_to: int, limit: int) -> set[int]:
        """Positions, none beyond `up_to`, of turns with a line among the closest."""
        if not up_to:
            return set()
        answer = self._ask(
            lambda: self._index.query(
                vector=vector.astype(float).tolist(),
                top_k=limit,
                namespace=namespace,
                filter={"position": {"$lte": up_to}},
                include_metadata=True,
            )
        )
        return {int(match.metadata["position"]) for match in answer.matches if match.metadata}

    def seen(self, namespace: str, names: Sequence[str]) -> set[str]:
        """Which of these it gives out by now."""
        found: set[str] = set()
        for batch in _batches(names):
            answer = self._ask(lambda: self._index.fetch(ids=batch, namespace=namespace))  # noqa: B023
            found |= answer.vectors.keys()
        return found

    def names(self, namespace: str) -> set[str]:
        """All that it gives out."""
        found, token = self._listed(namespace)
        while token:
            more, token = self._listed(namespace, token)
            found |= more
        return found

    def some(self, namespace: str) -> set[str]:
        """What a query or a listing still returns; empty when nothing is left."""
        answer = self._ask(lambda: self._index.query(vector=ANYWHERE, top_k=SOME, namespace=namespace))
        return {match.id for match in answer.matches} | self._listed(namespace)[0]

    def sizes(self) -> dict[str, int]:
        """How many lines are in each namespace."""
        stats = self._ask(self._index.describe_index_stats)
        return {name: summary.vector_count for name, summary in stats.namespaces.items()}

    def remove(self, namespace: str, names: Sequence[str]) -> None:
        for batch in _batches(names):
            self._ask(lambda: self._index.delete(ids=batch, namespace=namespace))  # noqa: B023

    def drop(self, namespace: str) -> None:
        """The namespace with all that is in it; none is fine."""
        try:
            self._ask(lambda: self._index.delete_namespace(name=namespace))
        except NotFoundError:
            return

    def _listed(self, namespace: str, token: str | None = None) -> tuple[set[str], str | None]:
        """A page, and what the next one is asked for with."""
        page = self._ask(lambda: self._index.list_paginated(namespace=namespace, pagination_token=token))
        return {
            item.id for item in page.vectors if item.id
        }, page.pagination.next if page.pagination else None

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            with self._breaker:
                return _patiently(call)
        except BreakerOpen as refusal:
            raise IndexSilent from refusal


def open_namespaces(host: str, api_key: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Namespaces:
    index = Pinecone(api_key=api_key).index(host=host)
    # The SDK repeats REST calls by itself, for minutes where it is told to wait, and has no setting
    # against that; a customer's turn cannot wait so long.
    impatient = replace(index._config, timeout=timeout_seconds, retry_config=RetryConfig(max_retries=0))
    index._http.close()
    index._http = HTTPClient(impatient, DATA_PLANE_API_VERSION)
    return Namespaces(index)


@retry(on=IndexSilent, attempts=3, deadline=PATIENCE)
def _patiently(call: Callable[[], T]) -> T:
    try:
        return call()
    except TROUBLE as error:
        raise IndexSilent(getattr(error, "retry_after", None)) from error


def _batches(parts: Sequence[Part]) -> Iterator[Sequence[Part]]:
    return (parts[start : start + BATCH] for start in range(0, len(parts), BATCH))
