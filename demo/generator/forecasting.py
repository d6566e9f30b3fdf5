"""Load the purchases of the shop's past into the predictions' table and fit the models to them."""

from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, Date, DateTime, cast, func, select
from sqlalchemy.dialects.postgresql import insert

from demo.generator.services import ShopServices
from foundation.outbox import OUTBOX
from memory.predictions.events import PurchaseRow
from memory.predictions.purchases import PURCHASES, summarise_all


def fit_forecasts(services: ShopServices) -> None:
    with services.ledger.transaction() as connection:
        _remember(connection, services.calendar.zone)
        summarise_all(connection)
        services.nightly.fit()


def _remember(connection: Connection, zone: ZoneInfo) -> None:
    payload = OUTBOX.c.payload
    at = cast(payload["timestamp"].astext, DateTime(timezone=True))
    piece = func.jsonb_array_elements_text(payload["products"]).column_valued("piece")
    pieces = select(piece).correlate(OUTBOX).scalar_subquery()
    bought = select(
        payload["order_id"].astext,
        payload["customer_id"].astext,
        at,
        cast(func.timezone(zone.key, at), Date),
        cast(payload["amount_cents"].astext, BigInteger),
        func.array(pieces),
    ).where(OUTBOX.c.topic == PurchaseRow.topic)
    columns = ["order_id", "customer_id", "at", "day", "amount_cents", "products"]
    connection.execute(insert(PURCHASES).from_select(columns, bought).on_conflict_do_nothing())
