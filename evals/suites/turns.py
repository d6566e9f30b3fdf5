"""Cost of a turn without its model: CPU of all processes, time to first event, 50 conversations at once."""

import asyncio
import json
import statistics
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
from sqlalchemy import column, func, select, table

from evals.benchmarks.turns import peers
from evals.benchmarks.turns.cpu_time import cpu_ms
from evals.benchmarks.turns.instant_model import MESSAGES
from evals.benchmarks.turns.service import Service, customers, running
from evals.report import Goal, Report
from foundation.sql import open_ledger

WARM_UP = 20
IDLE_MS = 0.2
"""Processes that use no more CPU than that between two samples are done with the turn."""
CONVERSATIONS = 50
CONVERSATION_MESSAGES = 4


@dataclass(frozen=True)
class Cost:
    total_ms: float
    """CPU of API, worker, relay, PostgreSQL and Valkey."""
    own_ms: float
    """CPU of the API process alone."""
    first_event_ms: float
    """Wall time from the request to the first event."""


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--turns", type=int, default=200, help="sequential turns")


def run(options: Namespace) -> Report:
    with running() as service:
        tokens = customers(service.settings)
        costs = asyncio.run(_one_by_one(service, tokens["cus_demo"], turns=options.turns))
        throughput = asyncio.run(_concurrently(service, list(tokens.values())[:CONVERSATIONS]))
        bare = asyncio.run(peers.bare())
        saver = asyncio.run(peers.with_saver(service.database_url))
        lost = CONVERSATIONS * CONVERSATION_MESSAGES - _answered(service)
    total, own = [each.total_ms for each in costs], [each.own_ms for each in costs]
    figures = {
        "turn_cpu_ms_p50": _quantile(total, 50),
        "turn_cpu_ms_p95": _quantile(total, 95),
        "own_process_cpu_ms_p50": _quantile(own, 50),
        "own_process_cpu_ms_p95": _quantile(own, 95),
        "first_event_ms_p95": _quantile([each.first_event_ms for each in costs], 95),
        "lost_messages": float(lost),
        "turns_per_second_50_talks": throughput,
    }
    goals: dict[str, Goal] = {
        "turn_cpu_ms_p50": ("<=", 30),
        "turn_cpu_ms_p95": ("<=", 70),
        "own_process_cpu_ms_p50": ("<=", 20),
        "first_event_ms_p95": ("<=", 100),
        "lost_messages": ("==", 0),
    }
    compared = {
        "langgraph, no checkpointer": {"own_process_cpu_ms_p50": _quantile(bare, 50)},
        "langgraph, AsyncPostgresSaver sync": {"own_process_cpu_ms_p50": _quantile(saver, 50)},
    }
    notes = [
        f"{options.turns} sequential turns over HTTP as events: a search, small talk, a lookup, a note",
        f"{CONVERSATIONS} concurrent conversations of {CONVERSATION_MESSAGES} messages, one at a time",
        "the model has no latency; CPU is on-CPU time of all threads, from the kernel's scheduler",
    ]
    return Report("turns", figures, goals, compared, notes=notes)


async def _one_by_one(service: Service, token: str, *, turns: int) -> list[Cost]:
    costs: list[Cost] = []
    async with _client(service) as client:
        for number in range(turns + WARM_UP):
            message = {"message": MESSAGES[number % len(MESSAGES)], "threadId": f"thr_one_{number // 20}"}
            before = await _cpu_when_idle(service)
            own = cpu_ms([service.api])
            first_event_ms = await _first_event(client, token, message)
            after = await _cpu_when_idle(service)
            costs.append(Cost(after - before, cpu_ms([service.api]) - own, first_event_ms))
    return costs[WARM_UP:]


async def _first_event(client: httpx.AsyncClient, token: str, message: dict[str, str]) -> float:
    """Read the events of a turn to its end; milliseconds until the first event of the turn itself."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    started, first = time.perf_counter(), 0.0
    async with client.stream("POST", "/api/chat", json=message, headers=headers) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if not first and line.startswith("id:"):
                first = (time.perf_counter() - started) * 1000
    return first


async def _cpu_when_idle(service: Service) -> float:
    """CPU used so far, once the turn is no longer running."""
    before = cpu_ms(service.everything)
    while True:
        await asyncio.sleep(0.02)
        now = cpu_ms(service.everything)
        if now - before <= IDLE_MS:
            return now
        before = now


async def _concurrently(service: Service, tokens: Sequence[str]) -> float:
    """Turns per second with all customers talking."""
    async with _client(service) as client:
        started = time.perf_counter()
        await asyncio.gather(*(_converse(client, token, number) for number, token in enumerate(tokens)))
        return CONVERSATIONS * CONVERSATION_MESSAGES / (time.perf_counter() - started)


async def _converse(client: httpx.AsyncClient, token: str, number: int) -> None:
    for at in range(CONVERSATION_MESSAGES):
        message = {"message": MESSAGES[at], "threadId": f"thr_many_{number}", "messageId": f"msg_{at}"}
        answer = await client.post("/api/chat", json=message, headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        json.loads(answer.content)["data"]["text"]


def _answered(service: Service) -> int:
    """Messages of the conversations whose turn is done with a reply."""
    messages, turns = (
        table("messages", column("thread_id"), column("turn_id")),
        table("turns", column("id"), column("status"), column("reply")),
    )
    counted = (
        select(func.count())
        .select_from(messages.join(turns, turns.c.id == messages.c.turn_id))
        .where(messages.c.thread_id.like("thr_many_%"), turns.c.status == "done", turns.c.reply.is_not(None))
    )
    ledger = open_ledger(service.settings.ledger)
    try:
        with ledger.transaction() as tx:
            return int(tx.scalar(counted) or 0)
    finally:
        ledger.close()


def _client(service: Service) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=CONVERSATIONS)
    return httpx.AsyncClient(base_url=service.url, timeout=60, limits=limits)


def _quantile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
