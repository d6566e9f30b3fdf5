"""Resident memory of each process of the service, after some conversation, measured on the real command."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

PROCESSES = ("api", "worker", "scheduler", "relay")
CUSTOMERS = 60
QUESTIONS = (
    "what do you recommend for sleep under $40?",
    "tell me more about the second one",
    "which raffles are open?",
    "can I return an opened jar?",
    "something calming, nothing sweet",
)
ROUNDS = 4
TURN_SECONDS = 60.0
START_SECONDS, LOOKS_A_SECOND = 300, 5
END_SECONDS = 60
MIB = 1024 * 1024


def resident_mib() -> Mapping[str, float]:
    """MiB of each process after twenty turns of one customer."""
    with _service() as (supervisor, url, command):
        token = subprocess.run([*command, "token", "--role", "customer"], capture_output=True, check=True)  # noqa: S603
        _converse(url, token.stdout.decode().strip())
        return {name: _resident(supervisor, name) / MIB for name in PROCESSES}


@contextmanager
def _service() -> Iterator[tuple[psutil.Process, str, Sequence[str]]]:
    """The supervisor once the API answers, the API's address, and the command line's first words."""
    folder = Path(tempfile.mkdtemp(prefix="lh-", dir="/tmp"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = (
        f"VAR_DIR={folder / 'var'}",
        f"PORT={port}",
        f"DEMO_CUSTOMERS={CUSTOMERS}",
        "APP_ENV=development",
    )
    command = ["/usr/bin/env", *given, sys.executable, "-m", "api.entrypoints.cli"]
    child = subprocess.Popen([*command, "serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _await_answer(port)
        yield psutil.Process(child.pid), f"http://127.0.0.1:{port}", command
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(END_SECONDS)
        shutil.rmtree(folder)


def _converse(url: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=TURN_SECONDS) as client:
        for _ in range(ROUNDS):
            for question in QUESTIONS:
                client.post("/api/chat", json={"message": question}).raise_for_status()


def _await_answer(port: int) -> None:
    """The first start makes the tables, the embedder and the demo shop."""
    for _ in range(START_SECONDS * LOOKS_A_SECOND):
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
        except httpx.HTTPError:
            threading.Event().wait(1 / LOOKS_A_SECOND)
        else:
            return
    raise TimeoutError(f"The service was not ready within {START_SECONDS} s.")


def _resident(supervisor: psutil.Process, name: str) -> int:
    sizes = [each.memory_info().rss for each in supervisor.children() if name in each.cmdline()]
    if not sizes:
        raise LookupError(f"The service runs no process named {name}.")
    return sum(sizes)
