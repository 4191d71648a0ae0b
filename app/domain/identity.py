"""Identity numbers at rest: found by a keyed hash, kept under encryption, never stored in clear.

The blind index is HMAC-SM3 (GB/T 32905) over the normalised number, the stored number SM4-GCM (GB/T 32907) with the
person's id as associated data, so that a sealed number moved to another person does not open. Both take several keys,
each with an identifier: the first writes, all of them find and open, which is what lets keys be rotated.
"""

import base64
import binascii
import os
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from app.domain.codes import ResidentId
from app.errors import Misconfigured

INDEX_KEY_BYTES = 32
CIPHER_KEY_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_SM3 = hashes.SM3()


@dataclass(frozen=True, slots=True)
class BlindIndex:
    """What a number is found by: 32 bytes, and the key that made them."""

    key_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class SealedNumber:
    """An encrypted number: nonce, ciphertext and tag in one, and the key that opens it."""

    key_id: str
    value: bytes


class KeyRing:
    """Keys of one length by identifier, the current one first."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        """Take the keys in order; there is at least one."""
        self._keys = keys
        self.current_id = next(iter(keys))

    @classmethod
    def parse(cls, text: str, *, key_bytes: int, name: str) -> "KeyRing":
        """Read ``id=base64,id=base64``; raise :class:`Misconfigured` naming the variable and never a key."""
        keys: dict[str, bytes] = {}
        for position, entry in enumerate(text.split(","), start=1):
            key_id, _, encoded = entry.strip().partition("=")
            try:
                key = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if not key_id or len(key) != key_bytes or key_id in keys:
                raise Misconfigured(
                    f"{name} 的第 {position} 项不正确：应为“标识=Base64”，解码后 {key_bytes} 字节，标识不得重复。"
                    "可用 liancheng identity new-keys 生成。"
                )
            keys[key_id] = key
        return cls(keys)

    def __getitem__(self, key_id: str) -> bytes:
        """Return a key; raise :class:`Misconfigured` if the installation no longer has it."""
        try:
            return self._keys[key_id]
        except KeyError:
            raise Misconfigured(f"缺少标识为 {key_id} 的密钥，无法读取用它保存的数据。请在环境变量中补回。") from None

    def __iter__(self) -> Iterator[str]:
        """Go through the identifiers, the current one first."""
        return iter(self._keys)


class IdentityVault:
    """The only place where an identity number in clear becomes something that may be stored, and back."""

    def __init__(self, index_keys: KeyRing, cipher_keys: KeyRing) -> None:
        """Use these keys for finding and for keeping."""
        self._index_keys = index_keys
        self._cipher_keys = cipher_keys
        # What a key makes of a hash before anything is hashed is worked out once: half of the time for a short message.
        self._index_macs = {key_id: hmac.HMAC(index_keys[key_id], _SM3) for key_id in index_keys}
        self._cipher = algorithms.SM4(cipher_keys[cipher_keys.current_id])

    @property
    def index_key_ids(self) -> tuple[str, ...]:
        """The identifiers of all keys that numbers can be found with."""
        return tuple(self._index_keys)

    def check_values(self) -> dict[tuple[str, str], bytes]:
        """Return, for each key by (kind, id), a value that tells it from any other key and nothing about it."""
        rings = {"index": self._index_keys, "cipher": self._cipher_keys}
        return {(kind, key_id): _hmac(ring[key_id], b"key check") for kind, ring in rings.items() for key_id in ring}

    @property
    def current_key_ids(self) -> tuple[str, str]:
        """The identifiers of the keys that write now: index, cipher."""
        return self._index_keys.current_id, self._cipher_keys.current_id

    def blind_index(self, number: ResidentId, key_id: str | None = None) -> BlindIndex:
        """Return what the number is stored under, with the current key unless another is named."""
        key_id = key_id or self._index_keys.current_id
        return BlindIndex(key_id, self._index_mac(b"resident_id\0" + number.reveal().encode(), key_id))

    def blind_indexes(self, number: ResidentId) -> tuple[BlindIndex, ...]:
        """Return everything the number may be stored under, the current key's first."""
        return tuple(self.blind_index(number, key_id) for key_id in self._index_keys)

    def keyed_hash(self, message: bytes, key_id: str | None = None) -> bytes:
        """Return HMAC-SM3 of the message, 32 bytes: for what must be compared and could be guessed if merely hashed."""
        return self._index_mac(message, key_id or self._index_keys.current_id)

    def feed_token(self, client_id: UUID, index: BlindIndex) -> str:
        """Return what one client recognises a person by in its copy of the list; 64 hexadecimal digits.

        Another client has another token for the same person, so that two copies cannot be put side by side; and it
        takes our key to make one, so that a copy cannot be searched for numbers that its holder does not have.
        """
        return self.keyed_hash(b"feed\0" + client_id.bytes + index.value, index.key_id).hex()

    def keyed_hasher(self, key_id: str) -> hmac.HMAC:
        """Return HMAC-SM3 to be fed piece by piece: :meth:`keyed_hash` for what is too large to hold."""
        return hmac.HMAC(self._index_keys[key_id], hashes.SM3())

    def seal_part(self, clear: bytes, context: bytes) -> bytes:
        """Encrypt something that holds numbers with the current key; it opens with the same ``context`` only."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._encrypted(clear, context, nonce)

    def open_part(self, sealed: bytes, key_id: str, context: bytes) -> bytes:
        """Decrypt what :meth:`seal_part` made; raise :class:`Misconfigured` if it was altered or moved."""
        try:
            return self._decrypted(sealed, key_id, context)
        except InvalidTag:
            raise Misconfigured("加密保存的内容无法解密：密钥不对或数据被改动。") from None

    def seal(self, number: ResidentId, person_id: UUID) -> SealedNumber:
        """Encrypt the number for one person."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._encrypted(number.reveal().encode(), person_id.bytes, nonce)
        return SealedNumber(self._cipher_keys.current_id, nonce + sealed)

    def open(self, sealed: SealedNumber, person_id: UUID) -> ResidentId:
        """Decrypt a number; raise :class:`Misconfigured` if it is not this person's or was altered."""
        try:
            clear = self._decrypted(sealed.value, sealed.key_id, person_id.bytes)
        except InvalidTag:
            raise Misconfigured(f"人员 {person_id} 的加密号码无法解密：密钥不对或数据被改动。") from None
        return ResidentId(clear.decode())

    def _index_mac(self, message: bytes, key_id: str) -> bytes:
        begun = self._index_macs.get(key_id)
        if begun is None:
            # The ring says in its own words that there is no such key.
            return _hmac(self._index_keys[key_id], message)
        mac = begun.copy()
        mac.update(message)
        return mac.finalize()

    def _encrypted(self, clear: bytes, context: bytes, nonce: bytes) -> bytes:
        encryptor = Cipher(self._cipher, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(context)
        return encryptor.update(clear) + encryptor.finalize() + encryptor.tag

    def _decrypted(self, sealed: bytes, key_id: str, context: bytes) -> bytes:
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        mode = modes.GCM(nonce, rest[-_TAG_BYTES:])
        decryptor = Cipher(algorithms.SM4(self._cipher_keys[key_id]), mode).decryptor()
        decryptor.authenticate_additional_data(context)
        return decryptor.update(rest[:-_TAG_BYTES]) + decryptor.finalize()


def _hmac(key: bytes, message: bytes) -> bytes:
    mac = hmac.HMAC(key, _SM3)
    mac.update(message)
    return mac.finalize()
