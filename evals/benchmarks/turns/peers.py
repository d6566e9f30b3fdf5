"""A bare LangGraph loop with the same nodes, without a checkpointer and with AsyncPostgresSaver."""

import operator
import time
import uuid
from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

ROUNDS = 60
WARM_UP = 5


class State(TypedDict, total=False):
    messages: Annotated[list[dict[str, Any]], operator.add]
    calls: int


async def _recall(state: State) -> State:  # noqa: ARG001 - a node's shape
    return {"messages": [{"role": "system", "content": "x" * 800}], "calls": 0}


async def _think(state: State) -> State:
    return {"messages": [{"role": "assistant", "content": "x" * 800}], "calls": state["calls"] + 1}


async def _act(state: State) -> State:  # noqa: ARG001 - a node's shape
    return {"messages": [{"role": "tool", "content": "x" * 800}]}


async def _answer(state: State) -> State:  # noqa: ARG001 - a node's shape
    return {"messages": [{"role": "assistant", "content": "x" * 200}]}


async def _learn(state: State) -> State:  # noqa: ARG001 - a node's shape
    return {}


def _next(state: State) -> str | list[Send]:
    return [Send("act", state)] if state["calls"] == 1 else "answer"


def _graph(saver: AsyncPostgresSaver | None) -> CompiledStateGraph[State, None, State, State]:
    graph = StateGraph(State)
    graph.add_node("recall", _recall)
    graph.add_node("think", _think)
    graph.add_node("act", _act)
    graph.add_node("answer", _answer)
    graph.add_node("learn", _learn)
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "think")
    graph.add_conditional_edges("think", _next, ["act", "answer"])
    graph.add_edge("act", "think")
    graph.add_edge("answer", "learn")
    graph.add_edge("learn", END)
    return graph.compile(checkpointer=saver)


async def bare() -> list[float]:
    """CPU milliseconds of each turn in this process."""
    return await _rounds(_graph(None), durable=False)


async def with_saver(database_url: str) -> list[float]:
    """The same with AsyncPostgresSaver and `durability="sync"`, each turn in a thread of its own."""
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
        database_url.replace("+psycopg", ""), min_size=1, max_size=4, open=False, kwargs=options
    )
    async with pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        return await _rounds(_graph(saver), durable=True)


async def _rounds(graph: CompiledStateGraph[State, None, State, State], *, durable: bool) -> list[float]:
    spent: list[float] = []
    for _ in range(ROUNDS + WARM_UP):
        started = time.process_time()
        question: State = {"messages": [{"role": "user", "content": "x" * 100}]}
        if durable:
            config = {"configurable": {"thread_id": uuid.uuid4().hex}}
            await graph.ainvoke(question, config, durability="sync")  # type: ignore[call-overload]
        else:
            await graph.ainvoke(question)
        spent.append((time.process_time() - started) * 1000)
    return _without_warm_up(spent)


def _without_warm_up(spent: Sequence[float]) -> list[float]:
    return list(spent[WARM_UP:])
