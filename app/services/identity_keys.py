"""Where the keys for identity numbers come from, and writing everything anew under the current ones."""

import base64
import re
import secrets
from pathlib import Path

from app.domain.identity import CIPHER_KEY_BYTES, INDEX_KEY_BYTES, IdentityVault, KeyRing
from app.errors import IdentityKeysMissing, Misconfigured
from app.services.secret_file import write_secret
from app.settings import Settings
from app.store import persons, pushes
from app.store.database import Session, WriteSession

INDEX_VARIABLE = "LIANCHENG_IDENTITY_INDEX_KEYS"
CIPHER_VARIABLE = "LIANCHENG_IDENTITY_CIPHER_KEYS"
_BATCH = 500
_LOCK_SECONDS = 60.0
KEYS_MISSING = "本进程缺少部分在用的身份号码索引密钥，无法断定人员是否在名单上。请补齐密钥后重新启动。"
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_keys(key_id: str) -> dict[str, str]:
    """Return a fresh pair of keys as the lines of an environment file: variable -> ``id=base64``."""
    # A comma or an equals sign in it would make a line that nothing can read back.
    if not _KEY_ID.fullmatch(key_id):
        raise Misconfigured("密钥标识不正确：只能是 1 至 64 个字母、数字、点、下划线或连字符，例如 2026a。")
    lengths = {INDEX_VARIABLE: INDEX_KEY_BYTES, CIPHER_VARIABLE: CIPHER_KEY_BYTES}
    return {
        variable: f"{key_id}={base64.b64encode(secrets.token_bytes(length)).decode()}"
        for variable, length in lengths.items()
    }


def vault_from(settings: Settings) -> IdentityVault:
    """Build the vault from the environment; raise :class:`Misconfigured` if a variable is missing or malformed."""
    index, cipher = settings.identity_index_keys, settings.identity_cipher_keys
    if index is None or cipher is None:
        raise Misconfigured(
            f"请设置 {INDEX_VARIABLE} 与 {CIPHER_VARIABLE}（可用 liancheng identity new-keys 生成）。"
            "密钥遗失后，已存的身份号码无法再查到。"
        )
    return IdentityVault(
        KeyRing.parse(index.get_secret_value(), key_bytes=INDEX_KEY_BYTES, name=INDEX_VARIABLE),
        KeyRing.parse(cipher.get_secret_value(), key_bytes=CIPHER_KEY_BYTES, name=CIPHER_VARIABLE),
    )


def kept_keys(file: Path) -> dict[str, str]:
    """Read the environment file of the service's own keys, making it (mode 600) on the first start."""
    if not file.exists():
        write_secret(file, "".join(f"{variable}={value}\n" for variable, value in new_keys("own-1").items()))
    pairs = (line.partition("=") for line in file.read_text().splitlines() if line)
    return {variable: value for variable, _, value in pairs}


async def register(session: WriteSession, vault: IdentityVault) -> None:
    """Note this process's keys, or raise :class:`Misconfigured` where they would make listed persons unfindable.

    That is so when an identifier stands for another key than before, and when a key that persons are recorded under
    is missing: either would answer "not listed" for somebody who is.
    """
    await note_keys(session, vault)
    await require_index_keys(session, vault)


async def note_keys(session: WriteSession, vault: IdentityVault) -> None:
    """Note which keys the identifiers stand for here; raise :class:`Misconfigured` if one stands for another already.

    For whatever finds or writes persons, a command as well as a process: with another key under a known identifier it
    would find nobody, and what it wrote nobody else would find.
    """
    changed = await persons.register_keys(session, vault.check_values())
    if changed:
        names = "、".join(f"{kind}:{key_id}" for kind, key_id in changed)
        raise Misconfigured(
            f"身份号码密钥与数据库登记的不一致（{names}）：同一标识不得换成另一把密钥。请恢复原密钥，或为新密钥另取标识。"
        )


async def require_index_keys(session: Session, vault: IdentityVault) -> None:
    """Raise :class:`IdentityKeysMissing` unless every key that persons are recorded under is configured here."""
    if await persons.index_keys_used(session) - set(vault.index_key_ids):
        raise IdentityKeysMissing(KEYS_MISSING)


async def rekey(session: WriteSession, vault: IdentityVault) -> int:
    """Write up to one batch of identities anew under the current keys; return how many there were.

    Pushes wait meanwhile: one that records a person under an old key just when that key is noted as no longer in use
    would leave somebody whom a process without the old key calls not listed.
    """
    await note_keys(session, vault)
    await pushes.lock_version(session, _LOCK_SECONDS)
    stale = await persons.under_other_keys(session, *vault.current_key_ids, _BATCH)
    for person in stale:
        number = vault.open(person.sealed_number, person.person_id)
        renewed = persons.StoredPerson(
            person.person_id,
            person.name,
            vault.blind_index(number),
            vault.seal(number, person.person_id),
            person.masked_number,
            person.salt,
            person.commitment,
        )
        await persons.rewrite(session, renewed)
    current, _ = vault.current_key_ids
    # Lookups of before were recorded under the old key; under it, too, they must be found to concern this person.
    await persons.add_aliases(
        session, ((one.person_id, one.blind_index) for one in stale if one.blind_index.key_id != current)
    )
    if stale:
        await persons.note_index_key(session, current)
    elif await persons.index_keys_used(session):
        await persons.forget_other_index_keys(session, current)
        await persons.keep_aliases_under(session, vault.index_key_ids)
    return len(stale)
