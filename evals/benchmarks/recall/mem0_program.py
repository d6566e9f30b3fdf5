"""mem0 over the same lines and questions, offline; run by the interpreter in which mem0 is installed.

It reads `{"model": folder, "talks": [{"lines": [text], "questions": [text]}], "limit": n}` and writes
`{"found": [[[line, …] per question] per talk], "add_ms": […], "search_ms": […]}`, CPU of the process.
Without a language model mem0 stores each line verbatim and ranks by embedding.
"""

import json
import sys
import tempfile
import time
from importlib import import_module
from typing import Any

NO_NETWORK = {
    "MEM0_TELEMETRY": "False",
    "HF_HUB_OFFLINE": "1",
    "OPENAI_API_KEY": "none",
    "OMP_NUM_THREADS": "1",
}
"""Its environment variables."""


def main() -> None:
    given = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        memory = import_module("mem0").Memory.from_config(_config(given["model"], folder))
        output = _measured(memory, given["talks"], limit=given["limit"])
    json.dump(output, sys.stdout)


def _measured(memory: Any, talks: list[dict[str, list[str]]], *, limit: int) -> dict[str, Any]:  # noqa: ANN401
    adding: list[float] = []
    searching: list[float] = []
    for number, talk in enumerate(talks):
        for line, text in enumerate(talk["lines"]):
            began = time.process_time()
            memory.add(text, user_id=str(number), infer=False, metadata={"line": line})
            adding.append((time.process_time() - began) * 1000)
    found: list[list[list[int]]] = []
    for number, talk in enumerate(talks):
        found.append([])
        for question in talk["questions"]:
            began = time.process_time()
            answer = memory.search(question, filters={"user_id": str(number)}, top_k=limit, threshold=0.0)
            searching.append((time.process_time() - began) * 1000)
            found[-1].append([each["metadata"]["line"] for each in answer["results"]])
    return {"found": found, "add_ms": adding, "search_ms": searching}


def _config(model: str, folder: str) -> dict[str, Any]:
    return {
        "embedder": {"provider": "huggingface", "config": {"model": model, "embedding_dims": 384}},
        "vector_store": {
            "provider": "qdrant",
            "config": {"path": f"{folder}/qdrant", "embedding_model_dims": 384, "on_disk": True},
        },
        "history_db_path": f"{folder}/history.db",
    }


if __name__ == "__main__":
    main()
