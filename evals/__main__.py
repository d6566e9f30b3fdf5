"""Run a suite: `python -m evals NAME [--json] [--data PATH] [options of the suite]`."""

import contextlib
import dataclasses
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from evals import suites
from evals.report import Report
from foundation.log import configure_logging


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 if every goal holds, 1 if one is missed, 2 for an unknown suite."""
    known = suites.known()
    if not arguments or arguments[0] in ("-h", "--help"):
        _list(known, Console())
        return 0
    name = arguments[0]
    if name not in known:
        errors = Console(stderr=True)
        errors.print(f"There is no suite {name}.", markup=False)
        _list(known, errors)
        return 2
    configure_logging(level="WARNING")
    suite = suites.find(name)
    options = _options(name, suite, arguments[1:])
    with _stdout_kept_clean() if options.json else contextlib.nullcontext():
        report = _measure(suite, options)
    if options.json:
        sys.stdout.write(report.as_json() + "\n")
    else:
        report.show(Console())
    return 0 if report.held else 1


def _options(name: str, suite: suites.Suite, arguments: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog=f"python -m evals {name}", description=suite.__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--data", type=Path, help="folder with the data sets the suite reads")
    suites.add_options(suite, parser)
    return parser.parse_args(arguments)


def _measure(suite: suites.Suite, options: Namespace) -> Report:
    started = time.perf_counter()
    report = suite.run(options)
    return dataclasses.replace(report, seconds=time.perf_counter() - started)


@contextlib.contextmanager
def _stdout_kept_clean() -> Iterator[None]:
    """Redirect the output of the suite and its child processes to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _list(known: dict[str, str], console: Console) -> None:
    console.print("python -m evals NAME [--json] [--data PATH] [options]", markup=False)
    for name, sentence in known.items():
        console.print(f"  {name:<12} {sentence}", markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
