from pathlib import Path
from typing import Any

from agent.graph.build import build_graph
from agent.graph.nodes import Nodes

ROOT = Path(__file__).parents[3]


def test_architecture_shows_the_graph_as_it_is() -> None:
    nothing: Any = None
    drawn = build_graph(Nodes(nothing, nothing, nothing)).get_graph().draw_mermaid()

    assert drawn.strip() in (ROOT / "ARCHITECTURE.md").read_text()
