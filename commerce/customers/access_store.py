"""Codes that were sent, registrations, passwords, failures, sessions, staff; no secret is stored in them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.customers.access import Method, Session
from foundation.personal import IMPERSONAL, personal
from foundation.sql import metadata

one_time_codes = Table(
    "one_time_codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("target_digest", Text, nullable=False),
    Column("code_digest", Text, nullable=False),
    Column("ip_digest", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    Index("ix_one_time_codes_target_digest_sent_at", "target_digest", "sent_at"),
    Index("ix_one_time_codes_ip_digest_sent_at", "ip_digest", "sent_at"),
    info=IMPERSONAL,
)
registrations = Table(
    "registrations",
    metadata,
    Column("customer_id", Text, primary_key=True, comment="of the customer that may come of it"),
    Column("email_digest", Text, nullable=False, unique=True),
    Column("form_sealed", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    info=personal("customer_id", sealed={"form_sealed": "registrations.form"}, withheld=("email_digest",)),
)
passwords = Table(
    "passwords",
    metadata,
    Column("principal_id", Text, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    info=personal("principal_id", withheld=("hash",)),
)
lockouts = Table(
    "lockouts",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    info=IMPERSONAL,
)
sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True, comment="the id of its token"),
    Column("principal_id", Text, nullable=False, index=True),
    Column("badge", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    info=personal("principal_id", withheld=("badge",)),
)
staff = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name_sealed", Text, nullable=False),
    Column("email_sealed", Text, nullable=False),
    Column("email_digest", Text, nullable=False, unique=True),
    Column("position", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("disabled_at", DateTime(timezone=True)),
    info=IMPERSONAL,
)


def one_at_a_time(connection: Connection, subject: str) -> None:
    """Until the transaction ends, whoever else names this subject waits here."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))


def codes_sent(connection: Connection, digests: Mapping[str, str], *, since: datetime) -> list[datetime]:
    """When codes went to a target, were asked for from an address, or both, the oldest first."""
    sent = one_time_codes.c.sent_at
    alike = (one_time_codes.c[column] == digest for column, digest in digests.items())
    wanted = select(sent).where(*alike, sent > since).order_by(sent)
    return list(connection.execute(wanted).scalars())


def add_code(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(one_time_codes).values(row))


def try_code(
    connection: Connection, *, purposes: list[str], target_digest: str, now: datetime, most: int
) -> RowMapping | None:
    """Count a try of the latest code; None when there is none that may still be tried."""
    latest = (
        select(one_time_codes.c.id)
        .where(one_time_codes.c.target_digest == target_digest, one_time_codes.c.purpose.in_(purposes))
        .order_by(one_time_codes.c.sent_at.desc(), one_time_codes.c.id)
        .limit(1)
        .scalar_subquery()
    )
    is_live = (
        one_time_codes.c.used_at.is_(None)
        & (one_time_codes.c.expires_at > now)
        & (one_time_codes.c.tries < most)
    )
    statement = (
        update(one_time_codes)
        .where(one_time_codes.c.id == latest, is_live)
        .values(tries=one_time_codes.c.tries + 1)
        .returning(one_time_codes)
    )
    return connection.execute(statement).mappings().first()


def use_code(connection: Connection, code_id: str, *, now: datetime) -> bool:
    """False when somebody was quicker."""
    unused = (one_time_codes.c.id == code_id) & one_time_codes.c.used_at.is_(None)
    return connection.execute(update(one_time_codes).where(unused).values(used_at=now)).rowcount == 1


def hold_registration(connection: Connection, row: dict[str, Any]) -> str:
    """Under which id this address registers, the row held until the transaction ends."""
    statement = insert(registrations).values(row)
    held = statement.on_conflict_do_update(
        index_elements=["email_digest"], set_={"at": statement.excluded.at}
    )
    return str(connection.execute(held.returning(registrations.c.customer_id)).scalar_one())


def put_form(connection: Connection, customer_id: str, sealed: str) -> None:
    theirs = registrations.c.customer_id == customer_id
    connection.execute(update(registrations).where(theirs).values(form_sealed=sealed))


def registered_as(connection: Connection, email_digest: str) -> str | None:
    wanted = select(registrations.c.customer_id).where(registrations.c.email_digest == email_digest)
    return connection.execute(wanted).scalar()


def take_registration(connection: Connection, customer_id: str) -> str | None:
    """The form, sealed; it is gone with that."""
    theirs = delete(registrations).where(registrations.c.customer_id == customer_id)
    return connection.execute(theirs.returning(registrations.c.form_sealed)).scalar()


def drop_registrations(connection: Connection, *, before: datetime) -> list[str]:
    stale = delete(registrations).where(registrations.c.at < before)
    return list(connection.execute(stale.returning(registrations.c.customer_id)).scalars())


def password_of(connection: Connection, principal_id: str) -> str | None:
    wanted = select(passwords.c.hash).where(passwords.c.principal_id == principal_id)
    return connection.execute(wanted).scalar()


def put_password(connection: Connection, principal_id: str, hashed: str, *, now: datetime) -> None:
    values = {"hash": hashed, "changed_at": now}
    statement = insert(passwords).values(principal_id=principal_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["principal_id"], set_=values))


def failures_of(connection: Connection, subject: str, *, now: datetime) -> RowMapping:
    """The count, its row held until the transaction ends."""
    fresh = insert(lockouts).values(subject=subject, failures=0, last_at=now).on_conflict_do_nothing()
    connection.execute(fresh)
    wanted = select(lockouts).where(lockouts.c.subject == subject).with_for_update()
    return connection.execute(wanted).mappings().one()


def put_failures(connection: Connection, subject: str, failures: int, *, now: datetime) -> None:
    counted = {"failures": failures, "last_at": now}
    connection.execute(update(lockouts).where(lockouts.c.subject == subject).values(counted))


def forgive(connection: Connection, subject: str, *, by: int) -> None:
    fewer = func.greatest(lockouts.c.failures - by, 0)
    connection.execute(update(lockouts).where(lockouts.c.subject == subject).values(failures=fewer))


def add_session(connection: Connection, session: Session, *, role_claim: str) -> None:
    connection.execute(insert(sessions).values(badge=role_claim, **vars(session)))


def open_sessions(connection: Connection, principal_id: str, *, now: datetime) -> list[Session]:
    """The most recently seen first."""
    is_open = (
        (sessions.c.principal_id == principal_id)
        & sessions.c.ended_at.is_(None)
        & (sessions.c.expires_at > now)
    )
    wanted = select(sessions).where(is_open).order_by(sessions.c.seen_at.desc(), sessions.c.id)
    return [_session(row) for row in connection.execute(wanted).mappings()]


def session(connection: Connection, session_id: str) -> Session | None:
    row = connection.execute(select(sessions).where(sessions.c.id == session_id)).mappings().first()
    return _session(row) if row else None


def end_session(connection: Connection, session_id: str, *, now: datetime) -> None:
    still_open = (sessions.c.id == session_id) & sessions.c.ended_at.is_(None)
    connection.execute(update(sessions).where(still_open).values(ended_at=now))


def see_session(connection: Connection, session_id: str, *, now: datetime) -> None:
    earlier = (sessions.c.id == session_id) & (sessions.c.seen_at < now)
    connection.execute(update(sessions).where(earlier).values(seen_at=now))


def add_staff(connection: Connection, row: dict[str, Any]) -> bool:
    """False when the e-mail address is taken."""
    statement = insert(staff).values(row).on_conflict_do_nothing().returning(staff.c.id)
    return connection.execute(statement).first() is not None


def all_staff(connection: Connection) -> list[RowMapping]:
    return list(connection.execute(select(staff).order_by(staff.c.created_at, staff.c.id)).mappings())


def find_staff(connection: Connection, staff_id: str) -> RowMapping | None:
    return connection.execute(select(staff).where(staff.c.id == staff_id)).mappings().first()


def staff_by_email(connection: Connection, digest: str) -> RowMapping | None:
    return connection.execute(select(staff).where(staff.c.email_digest == digest)).mappings().first()


def hold_staff(connection: Connection, staff_id: str) -> RowMapping | None:
    """The account, its row held until the transaction ends."""
    wanted = select(staff).where(staff.c.id == staff_id).with_for_update()
    return connection.execute(wanted).mappings().first()


def disable_staff(connection: Connection, staff_id: str, *, now: datetime) -> None:
    connection.execute(update(staff).where(staff.c.id == staff_id).values(disabled_at=now))


def prune(connection: Connection, *, before: datetime) -> int:
    """Drop codes, failures and sessions that ended before then; how many."""
    stale = (
        delete(one_time_codes).where(one_time_codes.c.expires_at < before),
        delete(lockouts).where(lockouts.c.last_at < before),
        delete(sessions).where(sessions.c.expires_at < before),
    )
    return sum(connection.execute(statement).rowcount for statement in stale)


def _session(row: RowMapping) -> Session:
    return Session(
        id=row["id"],
        principal_id=row["principal_id"],
        method=Method(row["method"]),
        device=row["device"],
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
    )
