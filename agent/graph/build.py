"""The graph of a turn: recall, then think and act alternately, answer, learn.

It runs without a checkpointer: the journal in the ledger is what a turn resumes from.
"""

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from agent.graph.context import TurnContext
from agent.graph.nodes import Nodes
from agent.graph.state import TurnState

RECURSION_LIMIT = 40

Graph = CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]


def build_graph(nodes: Nodes) -> Graph:
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node("recall", nodes.recall)
    graph.add_node("think", nodes.think)
    graph.add_node("act", nodes.act)
    graph.add_node("answer", nodes.answer)
    graph.add_node("learn", nodes.learn)
    graph.add_conditional_edges(START, _first_node, ["recall", "learn"])
    graph.add_edge("recall", "think")
    graph.add_conditional_edges("think", _next, ["act", "think", "answer"])
    graph.add_edge("act", "think")
    graph.add_edge("answer", "learn")
    graph.add_edge("learn", END)
    return graph.compile()


def _first_node(state: TurnState) -> str:
    return "learn" if state.get("is_answered") else "recall"


def _next(state: TurnState) -> str | list[Send]:
    """Each call is a task of its own, so that one that fails does not run the others again."""
    if state["calls"]:
        return [Send("act", call) for call in state["calls"]]
    return "think" if state["is_paused"] else "answer"
