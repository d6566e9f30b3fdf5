"""The graph of a turn: recall, then think and act in turns, answer, learn.

It runs without a checkpointer: the journal in the ledger is what a turn resumes from.
"""

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from agent.graph.nodes import GraphState, Nodes
from agent.graph.run import Run

RECURSION_LIMIT = 40

Graph = CompiledStateGraph[GraphState, Run, GraphState, GraphState]


def build_graph(nodes: Nodes) -> Graph:
    graph = StateGraph(GraphState, context_schema=Run)
    graph.add_node("recall", nodes.recall)
    graph.add_node("think", nodes.think)
    graph.add_node("act", nodes.act)
    graph.add_node("answer", nodes.answer)
    graph.add_node("learn", nodes.learn)
    graph.add_conditional_edges(START, _entrance, ["recall", "learn"])
    graph.add_edge("recall", "think")
    graph.add_conditional_edges("think", _next, ["act", "think", "answer"])
    graph.add_edge("act", "think")
    graph.add_edge("answer", "learn")
    graph.add_edge("learn", END)
    return graph.compile()


def _entrance(state: GraphState) -> str:
    return "learn" if state.get("is_answered") else "recall"


def _next(state: GraphState) -> str | list[Send]:
    """Each call is a node of its own, so that one that fails does not run the others again."""
    if state["calls"]:
        return [Send("act", call) for call in state["calls"]]
    return "think" if state["goes_on"] else "answer"
