"""From the list's hash and a public random value to the winning tickets: pure, and the same for everybody.

Each algorithm draws without replacement: a place among the tickets that are left, in the order
of their numbers. `hmac-sha256-v1` is the one to use; `rfc3797-md5` is the IETF's, for those who
want a published procedure.
"""

import hashlib
import hmac
from bisect import insort
from collections.abc import Callable, Iterator

HMAC_V1 = "hmac-sha256-v1"
RFC3797 = "rfc3797-md5"
WORD_BYTES = 8
WORDS = 2 ** (8 * WORD_BYTES)

Places = Iterator[int]
"""For the first draw, the second and so on: the place among the tickets left, from 0."""


def winners(algorithm: str, *, list_sha256: str, randomness: str, tickets: int, places: int) -> list[int]:
    """The winning ticket numbers: the winner first, then the runners-up. Tickets are numbered from 1."""
    drawn = ALGORITHMS[algorithm](list_sha256, randomness, tickets)
    return numbers_of(drawn, min(tickets, places))


def hmac_places(list_sha256: str, randomness: str, tickets: int) -> Places:
    """HMAC-SHA256 in counter mode, keyed by SHA-256 of the list's hash and the randomness.

    Each block gives four words of 64 bits. A word beyond the last whole multiple of the tickets
    left is thrown away, so that no ticket is likelier than another.
    """
    key = hashlib.sha256(bytes.fromhex(list_sha256) + bytes.fromhex(randomness)).digest()
    words = _words(key)
    for left in range(tickets, 0, -1):
        yield unbiased(words, left)


def unbiased(words: Iterator[int], left: int) -> int:
    bound = WORDS - WORDS % left
    return next(word for word in words if word < bound) % left


def rfc3797_places(list_sha256: str, randomness: str, tickets: int) -> Places:
    return md5_places(f"{list_sha256}/{randomness}/", tickets)


def md5_places(key: str, tickets: int) -> Places:
    """RFC 3797, section 4: MD5 of the key between two copies of the round's 16-bit number."""
    for turn, left in enumerate(range(tickets, 0, -1)):
        around = turn.to_bytes(2, "big")
        digest = hashlib.md5(around + key.encode() + around, usedforsecurity=False).digest()
        yield int.from_bytes(digest, "big") % left


ALGORITHMS: dict[str, Callable[[str, str, int], Places]] = {HMAC_V1: hmac_places, RFC3797: rfc3797_places}


def _words(key: bytes) -> Iterator[int]:
    counter = 0
    while True:
        block = hmac.digest(key, counter.to_bytes(WORD_BYTES, "big"), hashlib.sha256)
        for start in range(0, len(block), WORD_BYTES):
            yield int.from_bytes(block[start : start + WORD_BYTES], "big")
        counter += 1


def numbers_of(drawn: Places, count: int) -> list[int]:
    """Places among what is left, as ticket numbers: those already gone before it are stepped over."""
    numbers: list[int] = []
    gone: list[int] = []
    for _ in range(count):
        number = next(drawn) + 1
        for earlier in gone:
            number += earlier <= number
        numbers.append(number)
        insort(gone, number)
    return numbers
