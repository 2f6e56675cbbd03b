"""What Alembic runs: the migrations, on the connection that it is handed."""

from alembic import context

from quorate.collective.storage import schema


def run() -> None:
    """Run the migrations that are missing."""
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=schema.metadata
    )
    with context.begin_transaction():
        context.run_migrations()


if hasattr(context, "config"):  # else this module is only looked at, and no migration runs
    run()
