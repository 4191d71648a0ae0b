"""The secrets that sign webhooks: made here, shown once, and sealed as identity numbers are."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain.identity import IdentityVault
from app.store import webhooks as store
from app.store.database import WriteSession
from app.store.webhooks import StoredWebhook

_PREFIX = "whsec_"
_BYTES = 32
_BATCH = 500


def new_secret() -> str:
    """Return a fresh secret as Standard Webhooks 1.0 writes it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def sealed(vault: IdentityVault, webhook_id: UUID, secret: str) -> dict[str, Any]:
    """Return the columns that keep a webhook's current secret."""
    _, key_id = vault.current_key_ids
    return {"sealed_secret": vault.seal_part(secret.encode(), _context(webhook_id)), "cipher_key_id": key_id}


def kept_as_old(webhook: StoredWebhook, now: datetime, overlap: timedelta) -> dict[str, Any]:
    """Return the columns that let the current secret sign, as the old one, for ``overlap`` more."""
    if not overlap:
        return dict.fromkeys(("old_sealed_secret", "old_cipher_key_id", "old_secret_until"))
    return {
        "old_sealed_secret": webhook.sealed_secret,
        "old_cipher_key_id": webhook.cipher_key_id,
        "old_secret_until": now + overlap,
    }


def opened(vault: IdentityVault, webhook: StoredWebhook, now: datetime) -> tuple[str, ...]:
    """Return the secrets that sign now, the current one first."""
    kept = [(webhook.sealed_secret, webhook.cipher_key_id)]
    if webhook.old_secret_until is not None and now < webhook.old_secret_until:
        kept.append((webhook.old_sealed_secret, webhook.old_cipher_key_id))
    context = _context(webhook.webhook_id)
    return tuple(vault.open_part(secret, key_id, context).decode() for secret, key_id in kept if secret and key_id)


async def rekey(session: WriteSession, vault: IdentityVault) -> int:
    """Seal up to one batch of webhooks' secrets anew under the current key; return of how many there were any."""
    _, current = vault.current_key_ids
    stale = await store.sealed_under_other_keys(session, current, _BATCH)
    for webhook in stale:
        columns: dict[str, Any] = {}
        context = _context(webhook.webhook_id)
        for column, key_column in (("sealed_secret", "cipher_key_id"), ("old_sealed_secret", "old_cipher_key_id")):
            secret, key_id = getattr(webhook, column), getattr(webhook, key_column)
            if secret is not None:
                columns |= {column: vault.seal_part(vault.open_part(secret, key_id, context), context)}
                columns |= {key_column: current}
        await store.change(session, webhook.webhook_id, **columns)
    return len(stale)


def _context(webhook_id: UUID) -> bytes:
    # A secret that was moved to another webhook does not open.
    return b"webhook\0" + webhook_id.bytes
