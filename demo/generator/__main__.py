"""Write a demo shop as Parquet files: `python -m demo.generator --out DIR`."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.generator import parquet
from demo.generator.config import ShopConfig
from demo.generator.shop import Shop

SIZES = "500 for a demo, 20000 for tests, 1000000 for load"


def main(arguments: Sequence[str]) -> int:
    """0 when the shop is there, 1 with one sentence when it could not be made."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        built = _into_parquet(options, console)
    except parquet.FolderTakenError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    console.print("The demo shop is ready." if built else "The demo shop is there already; nothing was done.")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m demo.generator", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the files; new or empty")
    parser.add_argument("--customers", type=int, default=ShopConfig.customers, help=f"how many: {SIZES}")
    parser.add_argument("--seed", type=int, default=ShopConfig.seed)
    parser.add_argument("--until", type=_day, default=ShopConfig.ends_at, help="where its past ends")
    parser.add_argument("--regularity", type=int, default=ShopConfig.regularity, help="k of Erlang-k gaps")
    parser.add_argument("--log-starts-at-day", type=float, default=ShopConfig.log_starts_at_day)
    parser.add_argument("--spend-follows-rate", type=float, default=ShopConfig.spend_follows_rate)
    return parser


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _config(options: Namespace) -> ShopConfig:
    return ShopConfig(
        seed=options.seed,
        customers=options.customers,
        ends_at=options.until,
        regularity=options.regularity,
        log_starts_at_day=options.log_starts_at_day,
        spend_follows_rate=options.spend_follows_rate,
    )


def _into_parquet(options: Namespace, console: Console) -> bool:
    config = _config(options)
    with _progress(console) as progress:
        task = progress.add_task("customers", total=config.customers)
        return parquet.write(Shop(config), options.out, progress=lambda done: progress.advance(task, done))


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
