"""Each process loads only what it runs: what is large stays out of those that do not use it."""

import subprocess
import sys
from pathlib import Path

import pytest

from foundation.settings import load_settings

MODELS = ("torch", "transformers", "sklearn", "scipy", "onnxruntime", "tokenizers")
TURNS = ("langgraph", "anthropic", "pinecone")
WAREHOUSE = ("duckdb",)
HTTP = ("fastapi", "uvicorn")
SCRIPT = """
import sys
from importlib import import_module
from foundation.settings import load_settings
{body}
print(*[name for name in {large} if name in sys.modules])
"""
BUILT = """
import_module("api.entrypoints.{process}")
from api.containers.container import build_container
build_container(load_settings(APP_ENV="test", VAR_DIR="{folder}")).close()
"""
COMMERCE = """
from api.containers.commerce import build_commerce
from api.containers.infrastructure import build_infrastructure
infrastructure = build_infrastructure(load_settings(APP_ENV="test", VAR_DIR="{folder}"))
build_commerce(infrastructure)
infrastructure.close()
"""


def loaded(body: str) -> set[str]:
    """What of the large packages is there once a process of its own has done that."""
    script = SCRIPT.format(body=body, large=(*MODELS, *TURNS, *WAREHOUSE, *HTTP, "agent", "memory.engine"))
    printed = subprocess.check_output([sys.executable, "-c", script], text=True)  # noqa: S603 - our own script
    return set(printed.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    load_settings(APP_ENV="test", VAR_DIR=str(tmp_path / "var"))
    return tmp_path / "var"


@pytest.mark.parametrize("process", ["scheduler", "relay"])
def test_neither_model_nor_graph_nor_warehouse_until_it_is_used(process: str, folder: Path) -> None:
    there = loaded(BUILT.format(process=process, folder=folder))

    assert there == {"agent", "memory.engine"}


def test_worker_holds_what_turns_run_and_no_http(folder: Path) -> None:
    there = loaded(BUILT.format(process="worker", folder=folder))

    assert there == {"agent", "memory.engine", "langgraph"}


def test_api_loads_no_training_and_no_warehouse(folder: Path) -> None:
    there = loaded(BUILT.format(process="server", folder=folder))

    assert there == {"agent", "memory.engine", "langgraph", *HTTP}


def test_commerce_alone_needs_no_memory_engine(folder: Path) -> None:
    there = loaded(COMMERCE.format(folder=folder))

    assert there.isdisjoint((*MODELS, *TURNS, *WAREHOUSE, *HTTP, "agent"))
