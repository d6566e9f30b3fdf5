"""CPU time of whole process trees, to the nanosecond, from the kernel's scheduler."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil


def cpu_ms(processes: Iterable[psutil.Process]) -> float:
    """Milliseconds on a CPU so far, over every thread of these processes and their children."""
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            for each in (process, *process.children(recursive=True)):
                total += _on_cpu(each.pid)
    return total / 1e6


def _on_cpu(pid: int) -> int:
    """Nanoseconds; the first figure of each thread's schedstat."""
    spent = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):
            spent += int(path.read_text().split()[0])
    return spent
