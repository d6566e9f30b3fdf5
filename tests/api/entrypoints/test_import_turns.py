import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import func, select

from api.containers.container import Container
from api.entrypoints.import_turns import NotLearned, learn_file
from memory.conversations.store import INTERACTIONS
from tests.api.conftest import ANA, BEN

pytestmark = pytest.mark.slow


def told(number: int, **changed: str) -> str:
    call = {
        "interactionId": f"int_{number}",
        "customerId": ANA if number % 2 else BEN,
        "sessionId": "call_1",
        "channel": "voice",
        "timestamp": f"2026-02-{1 + number % 27:02}T11:00:00-06:00",
        "message": f"call number {number}",
        "response": "Noted.",
    }
    return json.dumps(call | changed)


@pytest.fixture
def write(tmp_path: Path) -> "Writer":
    return Writer(tmp_path / "calls.jsonl")


class Writer:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, lines: Sequence[str]) -> Path:
        self._path.write_text("\n".join(lines), encoding="utf-8")
        return self._path


def _learn(container: Container, path: Path) -> tuple[int, int]:
    return learn_file(path, container.memory.recording, Console(file=io.StringIO()))


def _learned(container: Container) -> int:
    with container.infrastructure.ledger.transaction() as connection:
        return connection.scalar(select(func.count()).select_from(INTERACTIONS)) or 0


def test_a_file_is_learned_once_however_often_it_is_given(container: Container, write: Writer) -> None:
    lines = [told(number) for number in range(230)]

    first = _learn(container, write([*lines[:20], "", *lines[10:15]]))
    whole = _learn(container, write(lines))

    assert (first, whole) == ((25, 20), (230, 210))
    assert (
        container.memory.engine.profile(ANA).interactions
        == container.memory.engine.profile(BEN).interactions
        == 115
    )


def test_one_bad_line_is_named_before_anything_is_learned(container: Container, write: Writer) -> None:
    path = write([told(1), "", told(2, timestamp="yesterday"), "{", told(3, customerId="")])

    with pytest.raises(NotLearned) as refused:
        _learn(container, path)

    assert str(refused.value).startswith("line 3: timestamp: ")
    assert "\nline 4: " in str(refused.value)
    assert "\nline 5: customerId: " in str(refused.value)
    assert _learned(container) == 0


def test_a_refused_batch_leaves_those_before_it(container: Container, write: Writer) -> None:
    lines = [told(number) for number in range(202)]
    _learn(container, write(lines[:1]))

    for wrong in (told(0, message="no such words"), told(300, customerId="cus_nobody")):
        with pytest.raises(NotLearned, match=r"^line 202: "):
            _learn(container, write([*lines[:201], wrong]))

    assert _learned(container) == 200
    assert _learn(container, write(lines)) == (202, 2)
