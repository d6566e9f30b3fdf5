"""What `livhana learn` does: check every line of a file, then learn them in batches."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.schemas.recording import InteractionIn
from foundation.errors import ShopError
from memory.ingest.recording import Recording

BATCH = 200
SHOWN = 10

Line = tuple[int, InteractionIn]
"""With its number in the file."""


class NotLearned(Exception):
    """The message names the lines."""


def learn_file(path: Path, recording: Recording, console: Console) -> tuple[int, int]:
    """How many interactions the file holds, and how many of them were new.

    Raises:
        NotLearned: before anything is learned, when a line is not as it should be; or when a batch is
            refused: what came before it is kept, and the same file may be given again.
    """
    total = _check(path)
    lines, learned = _lines(path), 0
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[learned]} new"), console=console) as progress:
        task = progress.add_task("Learning", total=total, learned=0)
        while batch := list(islice(lines, BATCH)):
            learned += _learn(batch, recording)
            progress.update(task, advance=len(batch), learned=learned)
    return total, learned


def _check(path: Path) -> int:
    faults, total = [], 0
    for number, text in _texts(path):
        total += 1
        try:
            InteractionIn.model_validate_json(text)
        except ValidationError as error:
            faults.append(f"line {number}: {_fault(error)}")
    if faults:
        more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise NotLearned("\n".join([*faults[:SHOWN], *more, "Nothing was learned."]))
    return total


def _learn(batch: Sequence[Line], recording: Recording) -> int:
    try:
        return recording.interactions([told.interaction() for _, told in batch])
    except ShopError as refusal:
        named = set(map(str, refusal.details.values()))
        guilty = [number for number, told in batch if {told.interaction_id, told.customer_id} & named]
        place = f"line {guilty[0]}" if guilty else f"lines {batch[0][0]} to {batch[-1][0]}"
        before = f"Of line {batch[0][0]} and what follows nothing was learned."
        raise NotLearned(f"{place}: {refusal}\n{before}") from refusal


def _lines(path: Path) -> Iterator[Line]:
    return ((number, InteractionIn.model_validate_json(text)) for number, text in _texts(path))


def _texts(path: Path) -> Iterator[tuple[int, bytes]]:
    """Bytes, so that a line in another encoding is a fault of that line alone."""
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if text.strip():
                yield number, text


def _fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    said = first["msg"].removeprefix("Value error, ")
    return f"{field}: {said}" if field else said
