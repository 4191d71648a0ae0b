"""Alembic, for whoever brings a schema up: a process that finds it as it should be never imports it."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from app.settings import PROJECT_ROOT


def upgrade(connection: Connection) -> None:
    """Bring the schema up to the newest version that this code brings."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT_ROOT / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
