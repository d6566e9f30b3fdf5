"""When each chore was last taken on, so that of two schedulers only one does it."""

from datetime import datetime

from sqlalchemy import Column, DateTime, Table, Text, update
from sqlalchemy.dialects.postgresql import insert

from foundation.personal import IMPERSONAL
from foundation.sql import Ledger, metadata

chores = Table(
    "chores",
    metadata,
    Column("name", Text, primary_key=True),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    info=IMPERSONAL,
)


def take(ledger: Ledger, name: str, *, due: datetime, now: datetime) -> bool:
    """Whether the chore is ours to do now: nobody has taken it since it fell due.

    One that is not known yet counts as just done.
    """
    known = insert(chores).values(name=name, taken_at=now).on_conflict_do_nothing()
    taken = update(chores).where(chores.c.name == name, chores.c.taken_at <= due).values(taken_at=now)
    with ledger.separately() as tx:
        tx.execute(known)
        return tx.execute(taken).rowcount == 1
