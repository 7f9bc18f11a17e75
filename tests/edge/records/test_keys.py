"""The device's keys: made once, whole or refused, and no seal opens for another."""

import os
from pathlib import Path

import pytest

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records.keys import (
    DEVICE_KEY,
    IDENTITY_KEY,
    KEY_BYTES,
    fingerprint,
    is_signed,
    open_keys,
    seal,
    sign_head,
    unseal,
)

SECRET = bytes(KEY_BYTES)


def test_keys_are_made_once_and_for_the_devices_user_alone(tmp_path: Path) -> None:
    first = open_keys(tmp_path / "keys", may_make=True)
    again = open_keys(tmp_path / "keys", may_make=True)
    assert again.identity == first.identity
    assert again.device.private_bytes_raw() == first.device.private_bytes_raw()
    files = sorted((tmp_path / "keys").iterdir())
    assert [p.name for p in files] == [DEVICE_KEY, IDENTITY_KEY]
    assert [p.stat().st_mode & 0o077 for p in files] == [0, 0]


def test_where_records_lie_no_new_keys_are_made(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="restore it from a backup"):
        open_keys(tmp_path, may_make=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [DEVICE_KEY, IDENTITY_KEY])
@pytest.mark.parametrize("n_bytes", [0, KEY_BYTES - 1, KEY_BYTES + 1])
def test_a_key_of_another_length_is_refused_and_left(
    tmp_path: Path, name: str, n_bytes: int
) -> None:
    open_keys(tmp_path, may_make=True)
    (tmp_path / name).write_bytes(bytes(n_bytes))
    with pytest.raises(RecordError, match=f"{n_bytes} bytes, expected {KEY_BYTES}"):
        open_keys(tmp_path, may_make=True)
    assert (tmp_path / name).read_bytes() == bytes(n_bytes)


@pytest.mark.parametrize("error", [PermissionError(13, "no"), OSError(5, "broken")])
def test_a_key_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    open_keys(tmp_path, may_make=True)

    def fail(path: Path) -> bytes:
        raise error

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(RecordError, match=str(error.strerror)):
        open_keys(tmp_path, may_make=True)


def test_a_key_that_cannot_be_put_in_its_place_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "no room")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(RecordError, match=r"cannot be written \(no room\)"):
        open_keys(tmp_path, may_make=True)
    assert list(tmp_path.iterdir()) == []


def test_a_signature_is_of_one_end_and_one_device(tmp_path: Path) -> None:
    mine, other = (open_keys(tmp_path / n, may_make=True).device for n in "ab")
    signature = sign_head(mine, 7, "ab")
    assert is_signed(mine.public_key(), 7, "ab", signature)
    assert not is_signed(mine.public_key(), 8, "ab", signature)
    assert not is_signed(mine.public_key(), 7, "ac", signature)
    assert not is_signed(other.public_key(), 7, "ab", signature)
    assert len(fingerprint(mine.public_key())) == 16
    assert fingerprint(mine.public_key()) != fingerprint(other.public_key())


def test_what_is_sealed_opens_for_its_key_and_purpose_alone() -> None:
    sealed = seal(SECRET, b"a name", purpose="identity")
    assert unseal(SECRET, sealed, purpose="identity") == b"a name"
    assert sealed != seal(SECRET, b"a name", purpose="identity")
    for key, text, purpose in (
        (b"\1" * KEY_BYTES, sealed, "identity"),
        (SECRET, sealed[:-1] + bytes([sealed[-1] ^ 1]), "identity"),
        (SECRET, sealed[:5], "identity"),
        (SECRET, b"", "identity"),
        (SECRET, sealed, "another"),
    ):
        with pytest.raises(RecordError, match=f"{purpose}: does not open"):
            unseal(key, text, purpose=purpose)
