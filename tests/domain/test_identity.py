"""Identity numbers at rest: what finds them, what keeps them, and what a wrong key or a moved byte does."""

import base64
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from app.domain.codes import ResidentId
from app.domain.identity import CIPHER_KEY_BYTES, INDEX_KEY_BYTES, IdentityVault, KeyRing, SealedNumber
from app.domain.synthetic import RESIDENT_ID_CAPACITY, synthetic_resident_id
from app.errors import Misconfigured

ONE = UUID(int=1)
NAME = "LIANCHENG_IDENTITY_INDEX_KEYS"

numbers = st.integers(0, RESIDENT_ID_CAPACITY - 1).map(lambda n: ResidentId(synthetic_resident_id(n)))


def number(n: int = 1) -> ResidentId:
    return ResidentId(synthetic_resident_id(n))


def vault(*key_ids: str) -> IdentityVault:
    """Return a vault whose keys follow from their identifiers, the first the current one."""
    index = {key_id: key_id.encode().ljust(INDEX_KEY_BYTES, b"i") for key_id in key_ids}
    cipher = {key_id: key_id.encode().ljust(CIPHER_KEY_BYTES, b"c") for key_id in key_ids}
    return IdentityVault(KeyRing(index), KeyRing(cipher))


def entry(key_id: str, key: bytes) -> str:
    return f"{key_id}={base64.b64encode(key).decode()}"


def test_sm3_is_the_algorithm_of_gb_t_32905() -> None:
    """Appendix A.1 of the standard."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    expected = "66c7f0f4 62eeedd9 d1f2d46b dc10e4e2 4167c487 5cf2f7a2 297da02b 8f4ba8e0"
    assert digest.finalize() == bytes.fromhex(expected)


def test_sm4_is_the_algorithm_of_gb_t_32907() -> None:
    """Appendix A.1 of the standard: the key encrypts itself."""
    key = bytes.fromhex("01234567 89abcdef fedcba98 76543210")
    encryptor = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()  # noqa: S305 - one block, as the standard has it
    expected = "681edf34 d206965e 86b3e94f 536e4246"
    assert encryptor.update(key) + encryptor.finalize() == bytes.fromhex(expected)


def test_the_blind_index_is_hmac_sm3_over_the_number_as_rfc_2104_builds_it() -> None:
    key = b"k1".ljust(INDEX_KEY_BYTES, b"i").ljust(64, b"\0")

    def sm3(message: bytes) -> bytes:
        digest = hashes.Hash(hashes.SM3())
        digest.update(message)
        return digest.finalize()

    inner = sm3(bytes(b ^ 0x36 for b in key) + b"resident_id\0" + number().reveal().encode())
    index = vault("k1").blind_index(number())
    assert index.value == sm3(bytes(b ^ 0x5C for b in key) + inner)
    assert index.key_id == "k1"


@given(numbers)
def test_the_same_number_has_the_same_index_under_one_key_and_another_under_another(one: ResidentId) -> None:
    first, second = vault("k1").blind_index(one), vault("k2").blind_index(one)
    assert vault("k1").blind_index(ResidentId(one.reveal())) == first
    assert first.value != second.value
    assert len(first.value) == len(second.value) == 32


@given(st.lists(numbers, min_size=2, max_size=20, unique=True))
def test_different_numbers_have_different_indexes(some: list[ResidentId]) -> None:
    assert len({vault("k1").blind_index(one).value for one in some}) == len(some)


def test_a_number_is_looked_for_under_every_key_the_current_one_first() -> None:
    rotated = vault("k2", "k1")
    assert rotated.blind_indexes(number()) == (vault("k2").blind_index(number()), vault("k1").blind_index(number()))
    assert rotated.blind_index(number()) == vault("k2").blind_index(number())
    assert rotated.current_key_ids == ("k2", "k2")


def test_what_else_is_hashed_cannot_pass_for_an_identity_number() -> None:
    kept = vault("k1")
    assert kept.keyed_hash(number().reveal().encode()) != kept.blind_index(number()).value


@given(numbers, st.uuids())
def test_a_sealed_number_opens_for_its_person(one: ResidentId, person_id: UUID) -> None:
    sealed = vault("k1").seal(one, person_id)
    assert vault("k2", "k1").open(sealed, person_id) == one
    assert one.reveal().encode() not in sealed.value
    assert sealed.key_id == "k1"


def test_no_nonce_is_used_twice() -> None:
    kept = vault("k1")
    sealed = [kept.seal(number(), ONE).value for _ in range(10_000)]
    assert len({value[:12] for value in sealed}) == len(set(sealed)) == len(sealed)


@given(numbers, st.uuids(), st.uuids())
def test_a_sealed_number_moved_to_another_person_does_not_open(one: ResidentId, owner: UUID, other: UUID) -> None:
    sealed = vault("k1").seal(one, owner)
    if owner != other:
        with pytest.raises(Misconfigured):
            vault("k1").open(sealed, other)


@pytest.mark.parametrize("bit", [0x01, 0x80])
def test_a_sealed_number_altered_in_any_byte_does_not_open(bit: int) -> None:
    sealed = vault("k1").seal(number(), ONE)
    assert len(sealed.value) == 12 + 18 + 16
    for position in range(len(sealed.value)):
        altered = bytearray(sealed.value)
        altered[position] ^= bit
        with pytest.raises(Misconfigured) as refused:
            vault("k1").open(SealedNumber("k1", bytes(altered)), ONE)
        assert number().reveal() not in refused.value.detail


def test_a_sealed_number_does_not_open_with_another_key_of_the_same_name() -> None:
    sealed = vault("k1").seal(number(), ONE)
    other = IdentityVault(KeyRing({"k1": bytes(32)}), KeyRing({"k1": bytes(16)}))
    with pytest.raises(Misconfigured, match=str(ONE)):
        other.open(sealed, ONE)


def test_a_key_that_is_gone_is_named_so_that_it_can_be_put_back() -> None:
    sealed = vault("k1").seal(number(), ONE)
    with pytest.raises(Misconfigured, match="k1"):
        vault("k2").open(sealed, ONE)


def test_keys_are_read_in_order_with_spaces_around_the_commas() -> None:
    ring = KeyRing.parse(f"{entry('b', bytes(32))} , {entry('a', bytes([1] * 32))}", key_bytes=32, name=NAME)
    assert list(ring) == ["b", "a"]
    assert ring.current_id == "b"
    assert ring["a"] == bytes([1] * 32)


_GOOD = entry("good", bytes(range(32)))
_SECRET = base64.b64encode(b"never tell anybody about this").decode()


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        (",", 1),
        ("good", 1),
        (f"={_SECRET}", 1),
        (f"{_GOOD},", 2),
        (f"{_GOOD},short={_SECRET}", 2),
        (f"{_GOOD},bad=!{_SECRET}", 2),
        (f"{_GOOD},full=密钥{_SECRET}", 2),
        (f"{_GOOD},{_GOOD}", 2),
        (f"{_GOOD},{entry('long', bytes(33))},{_SECRET}", 2),
        (f"{_GOOD},{entry('b', bytes(32))},{_SECRET}", 3),
    ],
)
def test_a_wrong_key_is_told_by_variable_and_position_and_never_by_its_text(text: str, position: int) -> None:
    with pytest.raises(Misconfigured) as refused:
        KeyRing.parse(text, key_bytes=32, name=NAME)
    assert refused.value.detail.startswith(f"{NAME} 的第 {position} 项")
    for part in text.split(","):
        secret = part.partition("=")[2] or part
        assert not secret or secret not in str(refused.value)
    assert refused.value.__cause__ is None


def test_person_ids_are_bound_byte_for_byte() -> None:
    person_id = uuid4()
    sealed = vault("k1").seal(number(), person_id)
    almost = UUID(bytes=person_id.bytes[:-1] + bytes([person_id.bytes[-1] ^ 1]))
    with pytest.raises(Misconfigured):
        vault("k1").open(sealed, almost)
