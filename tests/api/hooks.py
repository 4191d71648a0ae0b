"""Webhooks that are there already, for tests that ask who may do what with them."""

from datetime import UTC, datetime
from itertools import count

from sqlalchemy import text

from app.services.access import authenticate
from app.store.database import Database

HOST = "hooks.example.test"
_numbers = count(1)
_A_WEBHOOK = """
    INSERT INTO webhooks (
        webhook_id, client_id, url, created_at, state, state_since, told_version, sealed_secret, cipher_key_id
    ) VALUES (gen_random_uuid(), :client, :url, now(), 'enabled', now(), 0, '', '') RETURNING webhook_id
"""
_A_DELIVERY = """
    INSERT INTO webhook_deliveries (
        delivery_id, webhook_id, kind, created_at, state, started_at, from_version, to_version, changes, give_up_at
    ) VALUES (gen_random_uuid(), :webhook, 'list.changed', now(), 'failed', now(), 0, 1, 1, now()) RETURNING delivery_id
"""


async def with_a_webhook(database: Database, key: str) -> dict[str, str]:
    """Give the client of a key a webhook with a delivery that is over; return their ids as path parameters."""
    async with database.writing() as session:
        caller = await authenticate(session, key, datetime.now(UTC))
        url = f"https://{HOST}/there/{next(_numbers)}"
        webhook = await session.execute(text(_A_WEBHOOK), {"client": caller.client_id, "url": url})
        ids = {"webhook_id": webhook.scalar_one()}
        delivery = await session.execute(text(_A_DELIVERY), {"webhook": ids["webhook_id"]})
        ids["delivery_id"] = delivery.scalar_one()
    return {name: str(value) for name, value in ids.items()}
