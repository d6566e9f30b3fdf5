"""Author the next migration against a PostgreSQL of its own, migrated to the head."""

import tempfile
from pathlib import Path

from sqlalchemy import create_engine

from api.entrypoints.development.tables import import_tables
from foundation.embedded import EmbeddedPostgres
from foundation.migrations.authoring import draft


def author(name: str) -> tuple[Path, Path] | None:
    """The script and the SQL that were written; None when the declared tables are what the migrations make.

    Raises:
        CannotAuthor: the name is unusable, or two migrations claim to be the last one.
        MigrationsAltered: a landed migration was changed or is missing.
    """
    import_tables()
    with tempfile.TemporaryDirectory(prefix="lh-", dir="/tmp") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", durable=False)
        engine = create_engine(server.start())
        try:
            return draft(engine, name)
        finally:
            engine.dispose()
            server.stop()
