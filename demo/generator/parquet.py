"""Write a shop as Parquet: a folder a table, a file a shard, the truth in a folder of its own."""

import dataclasses
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from demo.generator.enrolment import FIRST_NAMES, LAST_NAMES, STATES, TIERS
from demo.generator.people import CHANNELS
from demo.generator.segments import TASTES
from demo.generator.shop import Shard, Shop, moments
from demo.generator.talk import exchanges
from demo.generator.truth import TOP

Columns = Mapping[str, NDArray[Any]]
CUSTOMER = "printf('cus_%08d', customer) AS customer_id"
ORDER = "printf('ord_%08d_%04d', customer, nth) AS order_id"
PRODUCT = "printf('prd_%03d', product + 1) AS product_id"
TICKETS = """
    WITH numbered AS (
        SELECT raffle_id, customer_id, timestamp,
               row_number() OVER by_raffle AS ticket_number
        FROM (SELECT *, unnest(range(tickets)) AS piece FROM read_parquet('{entries}'))
        WINDOW by_raffle AS (PARTITION BY raffle_id ORDER BY timestamp, customer_id, piece)
    )
    SELECT numbered.* FROM numbered JOIN read_parquet('{raffles}') USING (raffle_id)
    WHERE ticket_number <= max_tickets
    ORDER BY raffle_id, ticket_number
"""


class FolderTakenError(Exception):
    """The folder holds something else than this shop."""


def write(shop: Shop, folder: Path, *, progress: Callable[[int], object]) -> bool:
    """Whole or not at all; False when this very shop is already there.

    progress: hears how many customers each shard brought.
    """
    described = _describe(shop)
    mark = folder / "shop.json"
    if mark.is_file() and mark.read_text() == described:
        return False
    if folder.exists() and any(folder.iterdir()):
        raise FolderTakenError(f"{folder} holds another shop or other files; name an empty or a new folder.")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    files = _Files(draft)
    _write_once(shop, files)
    for shard in shop.shards():
        _write_shard(shop, shard, files)
        progress(len(shard.people))
    entries, raffles = draft / "raffle_entries" / "*.parquet", draft / "raffles.parquet"
    files.copy("raffle_tickets.parquet", TICKETS.format(entries=entries, raffles=raffles))
    (draft / "shop.json").write_text(described)
    if folder.exists():
        folder.rmdir()
    draft.rename(folder)
    return True


def _describe(shop: Shop) -> str:
    return json.dumps(dataclasses.asdict(shop.config), default=str, indent=1)


class _Files:
    """Parquet through one thread of DuckDB, so that the same rows give the same bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Objects are text here; to look at each first would cost more than all the rest.
        self._database = duckdb.connect(config={"threads": 1, "pandas_analyze_sample": 0})

    def copy(self, path: str, query: str) -> None:
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self._database.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")

    def put(self, path: str, columns: Columns, select: str = "*", *, tail: str = "") -> None:
        self._database.register("given", columns)
        self.copy(path, f"SELECT {select} FROM given {tail}")  # noqa: S608 - the columns are ours
        self._database.unregister("given")


def _write_once(shop: Shop, files: _Files) -> None:
    items = [dataclasses.asdict(item) for item in shop.items]
    days = shop.config.days
    texts = ("id", "sku", "name", "brand", "category", "description")
    numbers = ("cbd_mg", "thc_mg", "price_cents", "cost_cents", "lead_time_days", "stock")
    columns = {name: _objects([item[name] for item in items]) for name in texts}
    columns |= {name: _objects([",".join(item[name]) for item in items]) for name in ("effects", "flavours")}
    columns |= {name: np.array([item[name] for item in items]) for name in numbers}
    columns["launched_at"] = moments(shop.config, np.array([item["launched"] * days for item in items]))
    gone = np.array([np.inf if item["withdrawn"] is None else item["withdrawn"] * days for item in items])
    columns["withdrawn_at"] = moments(shop.config, gone)
    split = "CASE WHEN {0} = '' THEN [] ELSE string_split({0}, ',') END AS {0}"
    listed = ", ".join(split.format(name) for name in ("effects", "flavours"))
    files.put("products.parquet", columns, f"* REPLACE ({listed})")
    plans = shop.raffles
    columns = {
        "raffle_id": _objects([plan.id for plan in plans]),
        "title": _objects([plan.title for plan in plans]),
        "prize": _objects([plan.prize for plan in plans]),
        "ticket_price_cents": np.array([plan.ticket_cents for plan in plans]),
        "max_tickets": np.array([plan.max_tickets for plan in plans]),
        "per_customer_limit": np.array([plan.per_customer for plan in plans]),
        "opens_at": moments(shop.config, np.array([plan.opens for plan in plans])),
        "closes_at": moments(shop.config, np.array([plan.closes for plan in plans])),
    }
    files.put("raffles.parquet", columns)


def _write_shard(shop: Shop, shard: Shard, files: _Files) -> None:
    name = f"{shard.number:05d}.parquet"
    _write_customers(shop, shard, files, name)
    _write_purchases(shop, shard, files, name)
    _write_enrolment(shop, shard, files, name)
    _write_interactions(shop, shard, files, name)
    _write_truth(shop, shard, files, name)


def _write_customers(shop: Shop, shard: Shard, files: _Files, name: str) -> None:
    people, enrolment = shard.people, shard.enrolment
    columns = {
        "customer": people.number,
        "first_name": _words(FIRST_NAMES, enrolment.first_name),
        "last_name": _words(LAST_NAMES, enrolment.last_name),
        "state": _words(STATES, enrolment.state),
        "channel": _words(CHANNELS, people.channel),
        "acquired_at": moments(shop.config, people.acquired),
        "age_verified_at": moments(shop.config, enrolment.verified),
        "has_card": enrolment.has_card,
    }
    email = "lower(first_name || '.' || last_name) || '.' || customer || '@example.com' AS email"
    files.put(f"customers/{name}", columns, f"{CUSTOMER}, * EXCLUDE customer, {email}")


def _write_purchases(shop: Shop, shard: Shard, files: _Files, name: str) -> None:
    visits, lines, receipts = shard.visits, shard.lines, shard.receipts(shop.shelf)
    row = np.arange(len(visits))
    customer = shard.people.number[visits.customer]
    nth = 1 + row - np.searchsorted(visits.customer, visits.customer)
    columns = {
        "customer": customer,
        "nth": nth,
        "timestamp": moments(shop.config, visits.at),
        "subtotal_cents": receipts.subtotal,
        "discount_cents": receipts.discount,
        "amount_cents": receipts.total,
        "order_size": receipts.pieces,
    }
    files.put(f"purchases/{name}", columns, f"{ORDER}, {CUSTOMER}, * EXCLUDE (customer, nth)")
    columns = {
        "customer": customer[lines.visit],
        "nth": nth[lines.visit],
        "timestamp": columns["timestamp"][lines.visit],
        "product": lines.product,
        "quantity": lines.quantity,
        "price_cents": shop.shelf.price_cents[lines.product],
    }
    select = f"{ORDER}, {CUSTOMER}, timestamp, {PRODUCT}, quantity, price_cents"
    files.put(f"purchase_lines/{name}", columns, select)


def _write_enrolment(shop: Shop, shard: Shard, files: _Files, name: str) -> None:
    members = np.flatnonzero(np.isfinite(shard.lives.joined))
    columns = {
        "customer": shard.people.number[members],
        "tier": _words(TIERS, shard.enrolment.tier[members]),
        "started_at": moments(shop.config, shard.lives.joined[members]),
        "cancelled_at": moments(shop.config, shard.enrolment.cancelled[members]),
    }
    files.put(f"memberships/{name}", columns, f"{CUSTOMER}, * EXCLUDE customer")
    entries = shard.entries
    columns = {
        "raffle_id": _words([plan.id for plan in shop.raffles], entries.raffle),
        "customer": shard.people.number[entries.customer],
        "timestamp": moments(shop.config, entries.at),
        "tickets": entries.tickets,
    }
    files.put(f"raffle_entries/{name}", columns, f"raffle_id, {CUSTOMER}, timestamp, tickets")


def _write_interactions(shop: Shop, shard: Shard, files: _Files, name: str) -> None:
    said = list(exchanges(shard.talks, shop.shelf))
    talk = np.array([each.talk for each in said], dtype=np.int64)
    columns = {
        "customer": shard.people.number[shard.talks.customer[talk]],
        "talk": talk - np.searchsorted(shard.talks.customer, shard.talks.customer[talk]),
        "turn": np.array([each.turn for each in said], dtype=np.int64),
        "timestamp": moments(shop.config, np.array([each.at for each in said], dtype=float)),
        "message": _objects([each.message for each in said]),
        "response": _objects([each.response for each in said]),
        "intent": _objects([each.intent for each in said]),
        "sentiment": np.array([each.sentiment for each in said], dtype=float),
        "channel": _objects([each.channel for each in said]),
    }
    session = "printf('thr_%08d_%04d', customer, talk + 1) AS session_id"
    turn = "printf('trn_%08d_%04d_%d', customer, talk + 1, turn + 1) AS interaction_id"
    select = f"{turn}, {CUSTOMER}, {session}, * EXCLUDE (customer, talk, turn)"
    files.put(f"interactions/{name}", columns, select)


def _write_truth(shop: Shop, shard: Shard, files: _Files, name: str) -> None:
    people, lives = shard.people, shard.lives
    columns = {
        "customer": people.number,
        "segment": _words([segment.name for segment in shop.config.segments], people.segment),
        "lambda": people.rate,
        "p": people.leave,
        "died_at": moments(shop.config, lives.died),
        "joined_at": moments(shop.config, lives.joined),
        "basket": people.basket,
        "repeats": people.repeats,
    }
    columns |= {f"taste_{column}": people.tastes[:, column] for column in range(len(TASTES))}
    columns |= {f"next_{rank}": shard.oracle.next[:, rank] for rank in range(TOP)}
    columns |= {f"new_{rank}": shard.oracle.new[:, rank] for rank in range(TOP)}
    tastes = ", ".join(f"{taste}: taste_{column}" for column, taste in enumerate(TASTES))
    tops = [f"[{_ids(kind)}] AS {kind}_top10" for kind in ("next", "new")]
    drop = "COLUMNS(c -> NOT regexp_matches(c, '^(customer|taste_.*|next_.*|new_.*)$'))"
    select = f"{CUSTOMER}, {drop}, {{{tastes}}} AS tastes, {', '.join(tops)}"
    files.put(f"truth/customers/{name}", columns, select)
    visits, lines = shard.wanted_visits, shard.wanted_lines
    columns = {
        "product": lines.product,
        "day": np.floor(visits.at[lines.visit]).astype(np.int64),
        "wanted": lines.quantity,
        "sold": np.where(lines.lost, 0, lines.quantity),
    }
    demand = f"{PRODUCT}, day, sum(wanted)::BIGINT AS wanted, sum(sold)::BIGINT AS sold"
    files.put(f"truth/demand/{name}", columns, demand, tail="GROUP BY product, day ORDER BY product, day")


def _ids(kind: str) -> str:
    return ", ".join(f"printf('prd_%03d', {kind}_{rank} + 1)" for rank in range(TOP))


def _words(words: Sequence[str], rows: NDArray[Any]) -> NDArray[Any]:
    chosen: NDArray[Any] = _objects(words)[rows]
    return chosen


def _objects(values: Sequence[str]) -> NDArray[Any]:
    return np.array(values, dtype=object)
