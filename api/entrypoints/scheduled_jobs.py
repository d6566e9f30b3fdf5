"""When each scheduled job was last acquired, so that of two schedulers only one runs it."""

from datetime import datetime

from sqlalchemy import Column, DateTime, Table, Text, update
from sqlalchemy.dialects.postgresql import insert

from foundation.personal import IMPERSONAL
from foundation.sql import Ledger, metadata

scheduled_jobs = Table(
    "chores",
    metadata,
    Column("name", Text, primary_key=True),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    info=IMPERSONAL,
)


def acquire(ledger: Ledger, name: str, *, due: datetime, now: datetime) -> bool:
    """Whether the job is ours to run now: nobody has acquired it since it fell due.

    One that is not known yet counts as just done.
    """
    known = insert(scheduled_jobs).values(name=name, taken_at=now).on_conflict_do_nothing()
    taken = (
        update(scheduled_jobs)
        .where(scheduled_jobs.c.name == name, scheduled_jobs.c.taken_at <= due)
        .values(taken_at=now)
    )
    with ledger.new_transaction() as tx:
        tx.execute(known)
        return tx.execute(taken).rowcount == 1
