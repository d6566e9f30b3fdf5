"""Build a shop: `python -m demo.generator --into ledger`, or `--into parquet --out DIR`."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import OperationalError

from demo.generator import ledger as into_ledger
from demo.generator import parquet
from demo.generator.config import ShopConfig
from demo.generator.rooms import SetClock, open_rooms
from demo.generator.shop import Shop
from foundation.clock import system_clock
from foundation.settings import MisconfiguredError, Settings, load_settings
from foundation.sql import open_ledger
from memory.embeddings import load_embedder

SIZES = "500 for a demo, 20000 for tests, 1000000 for load"


def main(arguments: Sequence[str]) -> int:
    """0 when the shop is there, 1 with one sentence when it could not be made."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        built = (
            _into_parquet(options, console) if options.into == "parquet" else _into_ledger(options, console)
        )
    except (MisconfiguredError, parquet.FolderTakenError, ConnectionError) as error:
        console.print(str(error), style="red", markup=False)
        return 1
    console.print("The demo shop is ready." if built else "The demo shop is there already; nothing was done.")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m demo.generator", description=__doc__)
    parser.add_argument("--into", choices=("ledger", "parquet"), required=True)
    parser.add_argument("--out", type=Path, help="folder for Parquet; new or empty")
    parser.add_argument("--customers", type=int, help=f"how many: {SIZES}")
    parser.add_argument("--seed", type=int, default=ShopConfig.seed)
    parser.add_argument("--until", type=_day, help="the day on which the shop's past ends")
    parser.add_argument("--regularity", type=int, default=ShopConfig.regularity, help="k of Erlang-k gaps")
    parser.add_argument("--log-starts-at-day", type=float, default=ShopConfig.log_starts_at_day)
    parser.add_argument("--spend-follows-rate", type=float, default=ShopConfig.spend_follows_rate)
    return parser


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _config(options: Namespace, *, customers: int, until: datetime) -> ShopConfig:
    return ShopConfig(
        seed=options.seed,
        customers=options.customers or customers,
        ends_at=options.until or until,
        regularity=options.regularity,
        log_starts_at_day=options.log_starts_at_day,
        spend_follows_rate=options.spend_follows_rate,
    )


def _into_parquet(options: Namespace, console: Console) -> bool:
    if options.out is None:
        raise MisconfiguredError("Name the folder for the Parquet files: --out DIR.")
    config = _config(options, customers=ShopConfig.customers, until=ShopConfig.ends_at)
    with _progress(console) as progress:
        task = progress.add_task("customers", total=config.customers)
        return parquet.write(Shop(config), options.out, progress=lambda done: progress.advance(task, done))


def _into_ledger(options: Namespace, console: Console) -> bool:
    settings = load_settings()
    today = system_clock().replace(hour=0, minute=0, second=0, microsecond=0)
    config = _config(options, customers=settings.shop.demo_customers, until=today)
    try:
        return _live_through(settings, Shop(config), console)
    except OperationalError as error:
        raise ConnectionError("The ledger does not answer: start the shop, or set DATABASE_URL.") from error


def _live_through(settings: Settings, shop: Shop, console: Console) -> bool:
    ledger = open_ledger(settings.ledger)
    try:
        if into_ledger.is_built(ledger):
            return False
        embedder = load_embedder(settings.var / "models")
        rooms = open_rooms(settings, ledger, clock=SetClock(shop.config.ends_at), embedder=embedder)
        with _progress(console) as progress:
            tasks = {name: progress.add_task(name, total=None) for name in into_ledger.PARTS}
            into_ledger.build(
                shop,
                rooms,
                advance=lambda part, done, total: progress.update(tasks[part], advance=done, total=total),
            )
        return True
    finally:
        ledger.close()


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
