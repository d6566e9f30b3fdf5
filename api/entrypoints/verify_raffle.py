"""What `livhana raffle verify` prints: one line for each thing it has checked."""

from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.table import Column, Table

from commerce.raffles.draw.bundle import Bundle
from commerce.raffles.draw.verification import verify

WINS = "[green]The draw is right.[/]"
FAILS = "[red]This draw is not to be believed.[/]"


class NoBundle(Exception):
    """The file holds no bundle; the message is one sentence."""


def report(path: Path, console: Console, *, published: str | None) -> bool:
    """Whether every check was right."""
    bundle = _read(path)
    checks = verify(bundle, published=published)
    is_right = all(check.is_right for check in checks)
    table = Table("", "", Column(overflow="fold"), box=None, show_header=False, padding=(0, 1))
    for check in checks:
        table.add_row("[green]✓[/]" if check.is_right else "[red]✗[/]", check.name, check.says)
    console.print(f"{bundle.commitment.title}: {bundle.commitment.prize}", markup=False, highlight=False)
    console.print(table)
    console.print(WINS if is_right else FAILS)
    return is_right


def _read(path: Path) -> Bundle:
    try:
        return Bundle.model_validate_json(path.read_bytes())
    except OSError as error:
        raise NoBundle(f"{path} cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise NoBundle(f"{path} is no bundle: {place}: {first['msg']}.") from error
