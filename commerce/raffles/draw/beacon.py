"""The public randomness of drand: when a round is due, and whether a signature is that round's."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import drand_verify

HEX = re.compile(r"(?:[0-9a-f]{2})+")
MOST_ROUNDS = 2**63


@dataclass(frozen=True)
class Chain:
    """A drand network of the scheme bls-unchained-g1-rfc9380."""

    hash: str
    public_key: str
    genesis: datetime
    period: timedelta

    def first_round_at(self, at: datetime) -> int:
        """The first round that comes at that moment or later."""
        return max(1, 1 - (self.genesis - at) // self.period)

    def time_of(self, number: int) -> datetime:
        return self.genesis + (number - 1) * self.period

    def has_signed(self, number: int, signature: str) -> bool:
        """Whether the network's key has signed this round with this signature, in hex."""
        if not HEX.fullmatch(signature) or not 0 < number < MOST_ROUNDS:
            return False
        try:
            drand_verify.verify_bls_unchained_g1_rfc9380(number, signature, self.public_key)
        except ValueError:
            return False
        return True


QUICKNET = Chain(
    hash="52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
    public_key=(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    ),
    genesis=datetime.fromtimestamp(1_692_803_367, UTC),
    period=timedelta(seconds=3),
)
"""Run by the League of Entropy: some twenty organisations, none of which can know or choose a round alone."""
CHAINS = {QUICKNET.hash: QUICKNET}


def randomness_of(signature: str) -> str:
    return hashlib.sha256(bytes.fromhex(signature)).hexdigest()
