"""A file under a passphrase: whole, in order and unchanged, or not opened."""

import io
import json
import unicodedata
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from tests.edge.records.backups.sealing import LOW_COST, PASSPHRASE, sealed

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records.backups import sealed_file
from leukoscope_edge.records.backups.sealed_file import (
    CHUNK_BYTES,
    FORMAT,
    TAG_BYTES,
    SealedReader,
    SealedWriter,
)


def opened(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
    reader = SealedReader(io.BytesIO(data), passphrase, "file")
    return reader.read(10 * CHUNK_BYTES)


@pytest.mark.parametrize(
    "n_bytes", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES]
)
def test_what_was_sealed_opens(n_bytes: int) -> None:
    data = bytes(range(256)) * (n_bytes // 256) + bytes(n_bytes % 256)
    assert opened(sealed(data)) == data


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data[: -(CHUNK_BYTES + TAG_BYTES)],
        lambda data: data + b"x",
        lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:],
        lambda data: data.replace(b'"salt"', b'"sal2"'),
        lambda data: data.replace(b"file 1", b"file 2"),
        lambda data: b"",
        lambda data: b"{}\n",
        lambda data: data.replace(b'"cost": 1024', b'"cost": 1073741824'),
        lambda data: data.replace(b'"cost": 1024', b'"cost": 1023'),
        lambda data: data.replace(b'"cost": 1024', b'"cost": 1'),
        lambda data: data.replace(b'"cost": 1024', b'"cost": 0'),
    ],
)
def test_what_was_changed_or_cut_off_does_not_open(
    change: Callable[[bytes], bytes],
) -> None:
    data = sealed(b"a" * (2 * CHUNK_BYTES))
    with pytest.raises(RecordError):
        opened(change(data))


def test_a_guess_may_cost_as_much_as_is_allowed_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sealed_file, "MAX_SCRYPT_COST", LOW_COST)
    assert opened(sealed(b"a")) == b"a"
    monkeypatch.setattr(sealed_file, "MAX_SCRYPT_COST", LOW_COST - 1)
    with pytest.raises(RecordError, match="more memory"):
        opened(sealed(b"a"))


def test_chunks_that_changed_places_do_not_open() -> None:
    data = sealed(bytes(range(256)) * (3 * CHUNK_BYTES // 256))
    start, size = data.index(b"\n") + 1, CHUNK_BYTES + TAG_BYTES
    first, second = data[start : start + size], data[start + size : start + 2 * size]
    with pytest.raises(RecordError, match="does not open"):
        opened(data[:start] + second + first + data[start + 2 * size :])


def test_a_passphrase_opens_however_a_keyboard_composes_it() -> None:
    """A Mac gives é in two parts and, after Alt, a space that does not break."""
    apart = unicodedata.normalize("NFD", "école été neige").replace(" ", "\u00a0")
    assert opened(sealed(b"a record", "école été neige"), apart) == b"a record"
    assert opened(sealed(b"a record", apart), "école été neige") == b"a record"
    with pytest.raises(RecordError, match="wrong passphrase"):
        opened(sealed(b"a record", apart), "ecole ete neige")


def test_a_passphrase_of_an_older_program_counts_as_it_was_typed() -> None:
    apart = unicodedata.normalize("NFD", "école été neige")
    salt, prefix = bytes(16), bytes(7)
    facts = {"salt": salt.hex(), "prefix": prefix.hex(), "cost": 2}
    header = json.dumps({"format": FORMAT, **facts}).encode() + b"\n"
    key = Scrypt(salt, 32, 2, 8, 1).derive(apart.encode())
    nonce = prefix + bytes(4) + b"\1"
    data = header + AESGCM(key).encrypt(nonce, b"a record", header)
    assert opened(data, apart) == b"a record"
    with pytest.raises(RecordError, match="wrong passphrase"):
        opened(data, "école été neige")


def test_another_passphrase_does_not_open_it() -> None:
    with pytest.raises(RecordError, match="wrong passphrase"):
        opened(sealed(b"a"), "another passphrase")


def test_a_passphrase_of_the_shortest_length_is_taken() -> None:
    words = "x" * sealed_file.MIN_PASSPHRASE_LENGTH
    SealedWriter(io.BytesIO(), words, cost=LOW_COST)
    with pytest.raises(RecordError, match="at least 12"):
        SealedWriter(io.BytesIO(), words[1:], cost=LOW_COST)


@pytest.mark.parametrize("n_bytes", [6, 8])
def test_a_header_of_another_shape_is_refused_before_anything_is_opened(
    n_bytes: int,
) -> None:
    header, _, rest = sealed(b"a").partition(b"\n")
    facts = json.loads(header) | {"prefix": "00" * n_bytes}
    with pytest.raises(RecordError) as caught:
        opened(json.dumps(facts).encode() + b"\n" + rest)
    assert caught.value.told
    assert caught.value.told.id == "backup-format"


def test_a_header_nested_without_end_is_no_backup() -> None:
    with pytest.raises(RecordError, match="is not a backup of ours"):
        opened(b"[" * 100_000 + b"\n")
