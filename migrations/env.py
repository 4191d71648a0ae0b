"""Run the migrations as the database's owner, one at a time, giving up on a lock rather than queueing the service."""

import asyncio
import time

from alembic import context
from sqlalchemy import Connection, text

from app.settings import current_settings
from app.store.database import Database
from app.store.schema import is_ours
from app.store.tables import metadata

MIGRATION_SECONDS = 600
_LOOK_SECONDS = 0.2


def run(connection: Connection) -> None:
    """Bring the schema of this connection's database up (or down) as asked."""
    # A migration that waits for a lock makes every lookup behind it wait; better to fail and try again.
    connection.execute(text("SET lock_timeout = '5s'"))
    # Two machines that start at once must not migrate at once. Asked again and again rather than waited for: an index
    # that is built beside running lookups waits for every statement under way, that wait included.
    while not connection.execute(text("SELECT pg_try_advisory_lock(hashtext('liancheng.migrations'))")).scalar_one():
        connection.commit()
        time.sleep(_LOOK_SECONDS)
    connection.commit()
    context.configure(
        connection=connection, target_metadata=metadata, include_object=is_ours, compare_server_default=True
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    """Open the owner's connection that the settings name."""
    settings = current_settings()
    url = settings.migration_database_url or settings.database_url
    if url is None:
        message = "set LIANCHENG_MIGRATION_DATABASE_URL or LIANCHENG_DATABASE_URL, or use `liancheng migrate`"
        raise SystemExit(message)
    database = Database(url.get_secret_value(), pool_size=1, timeout=MIGRATION_SECONDS, role=None)
    async with database.engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await database.close()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(connect_and_run())
