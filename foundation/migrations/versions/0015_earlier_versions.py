"""What edits of landed migrations left out of ledgers made before them."""

from pathlib import Path

from alembic import op
from sqlalchemy import inspect

revision = "0015"
down_revision = "0014"

FOLDER = Path(__file__).parent


def upgrade() -> None:
    connection = op.get_bind()
    if not inspect(connection).has_table("addresses"):  # made while 0002 to 0009 were still empty
        for path in sorted(FOLDER.glob("000[2-9]_*.sql")):
            connection.exec_driver_sql(path.read_text())
    connection.exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
