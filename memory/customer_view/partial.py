"""Reads that may fail one by one, so that what can be read is not lost with what cannot."""

from collections.abc import Callable
from typing import TypeVar

from foundation.log import logger

Part = TypeVar("Part")
log = logger(__name__)


class Parts:
    def __init__(self) -> None:
        self.missing: list[str] = []
        """Those that failed, by name."""

    def read(self, name: str, read: Callable[[], Part], otherwise: Part) -> Part:
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - no failure of memory may cost the customer an answer
            log.warning("memory_part_missing", part=name, error=type(error).__name__)
            self.missing.append(name)
            return otherwise
