"""Give predictions the shop's past at once, as its events tell it, and fit the models to it."""

from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, Date, DateTime, cast, func, select
from sqlalchemy.dialects.postgresql import insert

from demo.generator.rooms import Rooms
from foundation.outbox import OUTBOX
from memory.predictions.purchases import PURCHASES, summarise_all
from memory.predictions.service import TOPIC


def foretell(rooms: Rooms) -> None:
    with rooms.ledger.transaction() as connection:
        _remember(connection, rooms.calendar.zone)
        summarise_all(connection)
        rooms.nightly.fit()


def _remember(connection: Connection, zone: ZoneInfo) -> None:
    told = OUTBOX.c.payload
    at = cast(told["timestamp"].astext, DateTime(timezone=True))
    piece = func.jsonb_array_elements_text(told["products"]).column_valued("piece")
    pieces = select(piece).correlate(OUTBOX).scalar_subquery()
    bought = select(
        told["order_id"].astext,
        told["customer_id"].astext,
        at,
        cast(func.timezone(zone.key, at), Date),
        cast(told["amount_cents"].astext, BigInteger),
        func.array(pieces),
    ).where(OUTBOX.c.topic == TOPIC)
    columns = ["order_id", "customer_id", "at", "day", "amount_cents", "products"]
    connection.execute(insert(PURCHASES).from_select(columns, bought).on_conflict_do_nothing())
