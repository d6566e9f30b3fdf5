"""Bulk load of one customer's turns into the ledger, without learning them one by one."""

from datetime import UTC, datetime

import numpy as np
from sqlalchemy import text

from foundation.sql import Ledger
from memory.embeddings import Vectors
from memory.profiles.models import Profile
from memory.profiles.store import ProfileStore

NEEDLE = "my saxophone"
"""Text of one turn only; the others are about gummies."""
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""One minute before the first turn; turns are one minute apart."""
TURNS = text(
    "INSERT INTO interactions (id, customer_id, position, thread_id, channel, at, message, response, vectors)"
    " SELECT 'trn_' || n, :customer, n, 'thr_' || n / 10, 'chat',"
    " :begin + n * interval '1 minute',"
    " CASE n WHEN :needle THEN :words ELSE 'gummies number ' || n END, 'noted',"
    " CASE n WHEN :needle THEN CAST(:near AS bytea) ELSE CAST(:far AS bytea) END"
    " FROM generate_series(1, :turns) AS n"
)


def fill(ledger: Ledger, customer_id: str, *, turns: int, needle: int, meaning: Vectors) -> None:
    """`meaning` has two rows: the vector of the turn at position `needle`, and that of all others."""
    near, far = (np.stack([row, row]).astype(np.float16).tobytes() for row in meaning)
    who = {"customer": customer_id, "turns": turns}
    what = {"needle": needle, "words": NEEDLE, "near": near, "far": far, "begin": BEGIN}
    with ledger.transaction() as connection:
        connection.execute(TURNS, who | what)
    ProfileStore(ledger).write(customer_id, Profile(), version=turns, expected=0)
