"""The SQL statements of a turn, each compiled once."""

from sqlalchemy import (
    DateTime,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    exists,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from agent.turns.models import TurnStatus
from agent.turns.tables import journal, messages, threads, turns

HISTORY_TURNS = 12

OPEN_THREAD = (
    insert(threads)
    .on_conflict_do_update(index_elements=["id"], set_={"channel": threads.c.channel})
    .returning(threads.c.principal_id)
)
ADD_TURN, ADD_MESSAGE = insert(turns), insert(messages)
FIND_TURNS = select(
    select(messages.c.turn_id)
    .where(messages.c.thread_id == bindparam("thread"), messages.c.message_id == bindparam("message"))
    .scalar_subquery()
    .label("known"),
    select(turns.c.id)
    .where(turns.c.thread_id == bindparam("thread"), turns.c.status == literal_column("'queued'"))
    .scalar_subquery()
    .label("queued"),
)
ACQUIRE_LEASE = (
    update(threads)
    .where(
        threads.c.id == bindparam("thread"),
        or_(threads.c.lease_until.is_(None), threads.c.lease_until <= bindparam("now")),
    )
    .values(lease_until=bindparam("until"), fence=threads.c.fence + 1)
    .returning(threads.c.fence)
)
NEXT_TURN = (
    select(turns.c.id)
    .where(turns.c.thread_id == bindparam("thread"), turns.c.status != literal_column("'done'"))
    .order_by(turns.c.number)
    .limit(1)
    .scalar_subquery()
)
START_TURN = (
    update(turns)
    .where(turns.c.id == NEXT_TURN)
    .values(
        status=case(
            (turns.c.status == literal_column("'answered'"), turns.c.status), else_=TurnStatus.RUNNING.value
        ),
        fence=bindparam("held_fence"),
        attempts=turns.c.attempts + 1,
    )
    .returning(turns)
)
HAS_MORE = select(
    exists().where(turns.c.thread_id == bindparam("thread"), turns.c.status != literal_column("'done'"))
)
OWN_TURN = and_(turns.c.id == bindparam("turn"), turns.c.fence == bindparam("held_fence"))
STORE_REPLY = (
    update(turns)
    .where(OWN_TURN)
    .values(
        status=TurnStatus.ANSWERED.value,
        exchange=bindparam("new_exchange", type_=JSONB),
        reply=bindparam("new_reply", type_=JSONB),
    )
)
RELEASE_LEASE = (
    update(threads)
    .where(threads.c.id == bindparam("thread"), threads.c.fence == bindparam("held_fence"))
    .values(lease_until=None)
)
FINISH_TURN = (
    update(turns)
    .where(OWN_TURN)
    .values(status=TurnStatus.DONE.value, finished_at=bindparam("at"))
    .add_cte(RELEASE_LEASE.cte("released"))
)
TURN_MESSAGES = select(messages).where(messages.c.turn_id == bindparam("turn")).order_by(messages.c.number)
HISTORY = (
    select(turns.c.id, turns.c.exchange)
    .where(
        turns.c.thread_id == bindparam("thread"),
        turns.c.number < bindparam("number"),
        turns.c.exchange.is_not(None),
    )
    .order_by(turns.c.number.desc())
    .limit(HISTORY_TURNS)
)
JOURNAL = (
    select(journal.c.key, journal.c.data)
    .where(journal.c.turn_id == bindparam("turn"))
    .order_by(journal.c.number)
)
APPEND = insert(journal).from_select(
    ["turn_id", "key", "attempt", "data", "at"],
    select(
        turns.c.id,
        bindparam("key", type_=Text),
        bindparam("attempt", type_=Integer),
        bindparam("data", type_=JSONB),
        bindparam("at", type_=DateTime(timezone=True)),
    ).where(turns.c.id == bindparam("turn"), turns.c.fence == bindparam("fence")),
)
APPEND_ENTRY = APPEND.on_conflict_do_nothing().returning(journal.c.key)
LOCK_TURN = (
    select(turns.c.id)
    .where(turns.c.id == bindparam("turn"), turns.c.fence == bindparam("fence"))
    .with_for_update(read=True)
)
