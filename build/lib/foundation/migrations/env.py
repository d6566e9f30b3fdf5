"""What Alembic runs: the connection comes from the caller, which also commits."""

from alembic import context

from foundation.sql import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()
