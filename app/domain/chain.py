"""The chain that lets nobody rewrite history unnoticed: each change is hashed over itself and what came before it.

A push continues from the head of the push before it, links its changes one by one in their order, and ends with a
link over its own record; that last one is the head of its list version. Anyone who has noted a head can later prove
that what led to it was rewritten. All hashes are SM3 (GB/T 32905), over canonical JSON: UTF-8, names sorted, no space.

Who a person is does not stand in what is hashed. There is a commitment to it instead, keyed by a random salt that is
kept beside the name and number: with the salt, the two can be held against the chain; once all three are erased,
nothing of them can be found out from it, and the chain is as whole as before.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac

from app.domain.codes import ResidentId

GENESIS = bytes(32)
"""What the first push continues from."""
SALT_BYTES = 32
_PREFIX = "sm3:"
_SM3 = hashes.SM3()
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def spelt(value: object) -> str:
    """Return the one spelling of a value: canonical JSON, ids and days as text."""
    return _ENCODER.encode(value)


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return the one spelling of a record, as it is hashed."""
    return spelt(value).encode()


def link(previous: bytes, record: Mapping[str, Any]) -> bytes:
    """Return the hash of a record that follows the one with the hash ``previous``; 32 bytes."""
    return link_spelt(previous, canonical(record))


def link_spelt(previous: bytes, canonical_record: bytes) -> bytes:
    """Return the hash of a record whose canonical spelling is there already, as :func:`link` does."""
    digest = hashes.Hash(_SM3)
    digest.update(previous)
    digest.update(canonical_record)
    return digest.finalize()


def new_salt() -> bytes:
    """Return a salt for one person's commitment."""
    return os.urandom(SALT_BYTES)


def commitment(salt: bytes, name: str, number: ResidentId) -> str:
    """Return what binds the history to a person's name and number and tells neither; 64 hexadecimal digits."""
    mac = hmac.HMAC(salt, _SM3)
    mac.update(f"{number.reveal()}\0{name}".encode())
    return mac.finalize().hex()


def written(head: bytes) -> str:
    """Return a hash as it is shown: ``sm3:`` and 64 hexadecimal digits."""
    return _PREFIX + head.hex()


def read(text: str) -> bytes | None:
    """Return the hash that a text shows, or ``None`` if it is none."""
    digits = text.strip().lower().removeprefix(_PREFIX)
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        return None
    return value if len(value) == len(GENESIS) else None
