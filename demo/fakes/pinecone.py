"""Pinecone's REST data plane: namespaces, metadata filters, late writes, and bad days on demand."""

import asyncio
import json
import operator
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.fakes.serving import served

MOST_RESULTS = 10_000
MOST_VECTORS = 1_000
PAGE = 100
SLOW_SECONDS = 0.5
Record = Mapping[str, Any]
Space = dict[str, Record]
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
    "$in": lambda value, among: value in among,
    "$nin": lambda value, among: value not in among,
}


@dataclass
class FakePinecone:
    """`is_late`: writes show only after `catch_up`; `troubles`: statuses of the next answers, 0 for slow."""

    api_key: str
    dimension: int
    is_late: bool = False
    troubles: deque[int] = field(default_factory=deque)
    retry_after_seconds: int = 0
    asked: int = 0
    spaces: defaultdict[str, Space] = field(default_factory=lambda: defaultdict(dict))
    _late: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = Starlette(
            routes=[
                Route("/vectors/upsert", self._answering(self._upsert), methods=["POST"]),
                Route("/query", self._answering(self._query), methods=["POST"]),
                Route("/vectors/delete", self._answering(self._delete), methods=["POST"]),
                Route("/describe_index_stats", self._answering(self._stats), methods=["POST"]),
                Route("/vectors/fetch", self._answering(self._fetch)),
                Route("/vectors/list", self._answering(self._list)),
                Route("/namespaces/{name}", self._answering(self._drop), methods=["DELETE"]),
            ]
        )

    def serving(self) -> AbstractContextManager[str]:
        """The host while it serves on a free port of the loopback."""
        return served(self.app)

    def catch_up(self) -> None:
        """Let everything written so far be seen."""
        for write in self._late:
            write()
        self._late.clear()

    def _answering(self, answer: Callable[[dict[str, Any]], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            self.asked += 1
            if self.troubles:
                return await _trouble(self.troubles.popleft(), retry_after_seconds=self.retry_after_seconds)
            if request.headers.get("api-key") != self.api_key:
                return _refused(401, "UNAUTHENTICATED", "Invalid API key")
            given = json.loads(await request.body() or b"{}")
            several = {"ids": request.query_params.getlist("ids")} if "ids" in request.query_params else {}
            return answer({**request.query_params, **several, **request.path_params, **given})

        return endpoint

    def _write(self, write: Callable[[], None]) -> None:
        if self.is_late:
            self._late.append(write)
        else:
            write()

    def _upsert(self, given: dict[str, Any]) -> Response:
        vectors = given["vectors"]
        if len(vectors) > MOST_VECTORS:
            return _refused(400, "INVALID_ARGUMENT", f"At most {MOST_VECTORS} vectors at once")
        if any(len(each["values"]) != self.dimension for each in vectors):
            return _refused(400, "INVALID_ARGUMENT", f"Vector dimension is not {self.dimension}")
        space = self.spaces[given.get("namespace", "")]
        self._write(lambda: space.update({each["id"]: each for each in vectors}))
        return JSONResponse({"upsertedCount": len(vectors)})

    def _query(self, given: dict[str, Any]) -> Response:
        if not 1 <= given["topK"] <= MOST_RESULTS:
            return _refused(400, "INVALID_ARGUMENT", "topK is out of bounds")
        space = self.spaces.get(given.get("namespace", ""), {})
        fitting = [each for each in space.values() if admits(given.get("filter"), each.get("metadata", {}))]
        scored = sorted(((_cosine(each["values"], given["vector"]), each) for each in fitting), key=_score)
        matches = [
            {"id": each["id"], "score": score}
            | ({"metadata": each.get("metadata", {})} if given.get("includeMetadata") else {})
            for score, each in reversed(scored[-given["topK"] :])
        ]
        return JSONResponse({"matches": matches, "namespace": given.get("namespace", "")})

    def _delete(self, given: dict[str, Any]) -> Response:
        space = self.spaces.get(given.get("namespace", ""))
        if space is None:
            return _refused(404, "NOT_FOUND", "Namespace not found")
        gone = list(space) if given.get("deleteAll") else given.get("ids", [])
        self._write(partial(_remove, space, gone))
        return JSONResponse({})

    def _drop(self, given: dict[str, Any]) -> Response:
        name = given["name"]
        if name not in self.spaces:
            return _refused(404, "NOT_FOUND", "Namespace not found")
        self._write(lambda: _forget(self.spaces, name))
        return JSONResponse({})

    def _fetch(self, given: dict[str, Any]) -> Response:
        space = self.spaces.get(given.get("namespace", ""), {})
        return JSONResponse(
            {
                "vectors": {name: space[name] for name in given["ids"] if name in space},
                "namespace": given.get("namespace", ""),
            }
        )

    def _list(self, given: dict[str, Any]) -> Response:
        space = self.spaces.get(given.get("namespace", ""), {})
        names = sorted(name for name in space if name.startswith(given.get("prefix", "")))
        start, size = int(given.get("paginationToken", 0)), int(given.get("limit", PAGE))
        more = {"pagination": {"next": str(start + size)}} if start + size < len(names) else {}
        page = [{"id": name} for name in names[start : start + size]]
        return JSONResponse({"vectors": page, "namespace": given.get("namespace", ""), **more})

    def _stats(self, _: dict[str, Any]) -> Response:
        counts = {name: {"vectorCount": len(space)} for name, space in self.spaces.items()}
        total = sum(len(space) for space in self.spaces.values())
        return JSONResponse({"namespaces": counts, "dimension": self.dimension, "totalVectorCount": total})


def admits(condition: Mapping[str, Any] | None, metadata: Mapping[str, Any]) -> bool:
    """Whether a metadata filter lets a record through; several conditions all have to hold."""
    return all(_holds(name, value, metadata) for name, value in (condition or {}).items())


def _holds(name: str, wanted: Any, metadata: Mapping[str, Any]) -> bool:  # noqa: ANN401 - any JSON
    if name == "$and":
        return all(admits(each, metadata) for each in wanted)
    if name == "$or":
        return any(admits(each, metadata) for each in wanted)
    if not isinstance(wanted, dict):
        wanted = {"$eq": wanted}
    return all(_compares(word, operand, metadata.get(name)) for word, operand in wanted.items())


def _compares(word: str, operand: Any, value: Any) -> bool:  # noqa: ANN401 - any JSON
    if word == "$exists":
        return bool((value is not None) == operand)
    return value is not None and bool(COMPARE[word](value, operand))


def _remove(space: Space, names: Sequence[str]) -> None:
    for name in names:
        space.pop(name, None)


def _forget(spaces: dict[str, Space], name: str) -> None:
    spaces.pop(name, None)


def _cosine(one: list[float], other: list[float]) -> float:
    first, second = np.array(one), np.array(other)
    return float(first @ second / max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-12))


def _score(scored: tuple[float, Record]) -> float:
    return scored[0]


async def _trouble(status: int, *, retry_after_seconds: int) -> Response:
    if not status:
        await asyncio.sleep(SLOW_SECONDS)
    headers = {"Retry-After": str(retry_after_seconds)} if status == 429 else {}  # noqa: PLR2004 - too many requests
    return _refused(
        status or 503, "RESOURCE_EXHAUSTED" if headers else "INTERNAL", "Not now", headers=headers
    )


def _refused(status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> Response:
    body = {"error": {"code": code, "message": message}, "status": status}
    return JSONResponse(body, status_code=status, headers=headers)
