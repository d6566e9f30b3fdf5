"""Cost of searching and learning turns in a large memory, and of searching one customer of thousands."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np

from demo.generator.config import ShopConfig
from demo.generator.shop import Shop, moment
from demo.generator.talk import exchanges
from evals.benchmarks.recall.bulk_load import NEEDLE, fill
from evals.benchmarks.turns.cpu_time import cpu_ms
from evals.environment import temporary_environment
from foundation.clock import Calendar
from foundation.crypto import DataKeys, KeyRing
from foundation.outbox import Outbox, Subscription
from foundation.sql import Ledger, open_ledger
from memory.conversations.events import InteractionRow
from memory.conversations.models import Interaction
from memory.conversations.store import ConversationStore
from memory.embeddings import DIMENSIONS, Embedder, Encoder, Vectors
from memory.engine import MemoryEngine, open_memory
from memory.profiles.store import ProfileStore
from memory.retrieval.index.files import BlockFiles
from memory.retrieval.index.local import Indexer, LocalIndex
from memory.retrieval.ranker import Line, Talk

CUSTOMER = "cus_timing"
AT_ONCE = 500
LINES_A_CUSTOMER = 50
NEAREST = 10
SEED = 5
MANY, FEW = 20_000, 200
"""Customers of the generated shop, by the number of turns needed."""
ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class RandomEncoder:
    """Random vectors, to fill a memory at no cost."""

    rng: np.random.Generator

    def encode(self, texts: Sequence[str]) -> Vectors:
        return unit(self.rng, len(texts))


def unit(rng: np.random.Generator, rows: int) -> Vectors:
    vectors = rng.standard_normal((rows, DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def one_customer(embedder: Embedder, *, memories: int, times: int) -> dict[str, float]:
    """CPU of this process and PostgreSQL for each search and each new turn of one customer."""
    turns = list(itertools.islice(conversation(customers=MANY), memories + times))
    with temporary_environment() as environment, closing(open_ledger(environment.settings.ledger)) as ledger:
        filling = _engine(ledger, RandomEncoder(np.random.default_rng(SEED)))
        for start in range(0, memories, AT_ONCE):
            filling.learn_all(turns[start : min(start + AT_ONCE, memories)])
        memory, server = _engine(ledger, embedder), environment.postgres.process()
        processes = [server] if server else []

        def cost(act: Callable[[], object]) -> float:
            elsewhere, began = cpu_ms(processes), time.process_time()
            act()
            own = (time.process_time() - began) * 1000
            return own + cpu_ms(processes) - elsewhere

        first = cost(partial(memory.recall, CUSTOMER, "hello"))
        fresh = turns[memories:]
        searches = [cost(partial(memory.recall, CUSTOMER, f"{turn.message} {turn.id}")) for turn in fresh]
        adds = [cost(partial(memory.learn, turn)) for turn in fresh]
        files, store = BlockFiles(environment.folder / "index"), ConversationStore(ledger)
        Indexer(store, ProfileStore(ledger), files=files, zone=ZONE).run()
        mapped = LocalIndex(store, zone=ZONE, files=files)
        vector = unit(np.random.default_rng(SEED), 1)[0]
        first_mapped = cost(lambda: mapped.open(CUSTOMER).search("hello", vector, limit=NEAREST))
    return {
        "memories": float(memories),
        **_quantiles("search CPU ms", searches),
        **_quantiles("add CPU ms", adds),
        "first search CPU ms": first,
        "first search from a file CPU ms": first_mapped,
    }


def long_memory(*, turns: int, times: int) -> dict[str, float]:
    """A customer whose index is a memory-mapped file: CPU and memory of this process."""
    near, far = unit(np.random.default_rng(SEED), 2)
    with temporary_environment() as environment, closing(open_ledger(environment.settings.ledger)) as ledger:
        fill(ledger, CUSTOMER, turns=turns, needle=turns // 2, meaning=np.stack([near, far]))
        files, store = BlockFiles(environment.folder / "index"), ConversationStore(ledger)
        Indexer(store, ProfileStore(ledger), files=files, zone=ZONE).run()
        index = LocalIndex(store, zone=ZONE, files=files)
        searches, found = [], 0
        for _ in range(times):
            began = time.process_time()
            best = index.open(CUSTOMER).search(NEEDLE, near, limit=NEAREST)
            searches.append((time.process_time() - began) * 1000)
            found += best[0].interaction.message == NEEDLE
        held = index.open(CUSTOMER).size_bytes
    return {
        "long memory turns": float(turns),
        **_quantiles("long memory search CPU ms", searches),
        "long memory found first": found / times,
        "long memory held MiB": held / 2**20,
    }


def many_customers(*, vectors: int, times: int) -> dict[str, float]:
    """Vectors in blocks of fifty: search within one customer, by embedding alone and hybrid."""
    rng = np.random.default_rng(SEED)
    said = [turn.message for turn in itertools.islice(conversation(customers=FEW), LINES_A_CUSTOMER)]
    lines = [Line("Customer", text, "1 May 2026", opens=not at % 5) for at, text in enumerate(said)]
    talks, held = [], []
    for _ in range(vectors // LINES_A_CUSTOMER):
        held.append(unit(rng, LINES_A_CUSTOMER))
        talks.append(Talk())
        talks[-1].extend(lines, held[-1])
    nearest, hybrid, found = [], [], 0
    for at, vector in zip(rng.integers(len(talks), size=times), unit(rng, times), strict=True):
        began = time.process_time()
        closest = talks[at].nearest(vector, limit=NEAREST)
        middle = time.process_time()
        talks[at].search("something for sleep, not too sweet", vector)
        nearest.append((middle - began) * 1000)
        hybrid.append((time.process_time() - middle) * 1000)
        exact = np.argsort(-(held[at].astype(np.float64) @ vector))[:NEAREST]
        found += len(set(exact.tolist()) & set(closest))
    return {
        "vectors": float(len(talks) * LINES_A_CUSTOMER),
        **_quantiles("filtered search CPU ms", nearest),
        "filtered search recall@10": found / (times * NEAREST),
        "hybrid search of a customer CPU ms p50": float(np.percentile(hybrid, 50)),
    }


def conversation(*, customers: int) -> Iterator[Interaction]:
    """Turns of all customers of a generated shop, as if of one customer."""
    config = ShopConfig(seed=SEED, customers=customers)
    shop = Shop(config)
    for shard in shop.shards():
        for at, each in enumerate(exchanges(shard.talks, shop.shelf)):
            yield Interaction(
                id=f"trn_{shard.number}_{at}",
                customer_id=CUSTOMER,
                thread_id=f"thr_{shard.number}_{each.talk}",
                channel=each.channel,
                at=moment(config, each.at),
                message=each.message,
                response=each.response,
            )


def _engine(ledger: Ledger, encoder: Encoder) -> MemoryEngine:
    calendar = Calendar(ZONE)
    outbox = Outbox(ledger, [Subscription("warehouse", frozenset({InteractionRow.topic}))], now=calendar.now)
    data_keys = DataKeys(ledger, KeyRing({"measuring": b"k" * 32}))
    return open_memory(ledger, embedder=encoder, outbox=outbox, data_keys=data_keys, calendar=calendar)


def _quantiles(name: str, costs: Sequence[float]) -> dict[str, float]:
    return {f"{name} p{share}": float(np.percentile(costs, share)) for share in (50, 95)}
