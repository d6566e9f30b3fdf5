"""The canonical list of tickets: a line `number holder` for each, by number from 1, and its SHA-256.

The holder is a pseudonym, HMAC-SHA256 of the customer's id under a key of this raffle alone: its owner is
told it and finds all their tickets; nobody else can tell who it is, or find them in another raffle.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

HOLDER_DIGITS = 16


@dataclass(frozen=True)
class Listed:
    """What is left of a list when it was read."""

    sha256: str
    tickets: int


def holder(key: bytes, customer_id: str) -> str:
    return hmac.digest(key, customer_id.encode(), hashlib.sha256).hex()[:HOLDER_DIGITS]


def digest(blocks: Iterable[bytes]) -> Listed:
    """Of the list in pieces, each of whole lines."""
    sha, lines = hashlib.sha256(), 0
    for block in blocks:
        sha.update(block)
        lines += block.count(b"\n")
    return Listed(sha.hexdigest(), lines)


def block_of(lines: Iterable[str]) -> bytes:
    return "".join([f"{line}\n" for line in lines]).encode()
