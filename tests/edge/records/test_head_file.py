import fcntl
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from leukoscope_edge.records import Head
from leukoscope_edge.records.head_file import HEAD_NAME, SLOT_BYTES, HeadFile
from leukoscope_edge.records.keys import sign_head

KEY = Ed25519PrivateKey.generate()


def end(seq: int, key: Ed25519PrivateKey = KEY) -> tuple[Head, bytes]:
    head = Head(seq, f"{seq:064x}")
    return head, sign_head(key, head.seq, head.hash)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / HEAD_NAME


@pytest.fixture
def file(path: Path) -> HeadFile:
    return HeadFile(path, KEY.public_key())


def test_no_file_knows_no_end(file: HeadFile) -> None:
    assert file.newest() is None


def test_the_newest_end_is_kept_whoever_writes_last(file: HeadFile) -> None:
    for seq in (1, 2, 5, 4):
        file.raise_to(*end(seq))
    assert file.newest() == end(5)[0]


@pytest.mark.parametrize("seq", [4, 5])
def test_what_is_no_later_end_is_not_written(
    file: HeadFile, path: Path, seq: int
) -> None:
    """Else it would take the place of the other, which a torn write leaves."""
    for earlier in (1, 2, 5):
        file.raise_to(*end(earlier))
    before = path.read_bytes()
    file.raise_to(*end(seq))
    assert path.read_bytes() == before


def test_an_end_is_written_alone_for_us_alone_and_to_the_disk(
    file: HeadFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    monkeypatch.setattr(fcntl, "flock", lambda _, how: done.append(how))
    monkeypatch.setattr(os, "fdatasync", lambda _: done.append("synced"))
    file.raise_to(*end(1))
    assert done == [fcntl.LOCK_EX, "synced"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_file_is_whole_and_durable_from_the_start(
    file: HeadFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    for seq in (1, 2):
        file.raise_to(*end(seq))
        assert path.stat().st_size == 2 * SLOT_BYTES
    assert synced.count(path.parent.stat().st_ino) == 1


@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize("noise", [bytes(SLOT_BYTES), b"\xff" * 300, b"7 x y"])
def test_a_spoilt_place_leaves_the_other(
    file: HeadFile, path: Path, slot: int, noise: bytes
) -> None:
    for seq in (1, 2):
        file.raise_to(*end(seq))
    data = bytearray(path.read_bytes())
    data[slot * SLOT_BYTES : slot * SLOT_BYTES + len(noise)] = noise
    path.write_bytes(data)
    known = file.newest()
    assert known in (end(1)[0], end(2)[0])
    file.raise_to(*end(3))  # takes the spoilt place
    assert file.newest() == end(3)[0]


@pytest.mark.parametrize("content", [b"", b"\0" * 9000, b"noise" * 4000])
def test_a_file_of_noise_knows_nothing_and_takes_a_new_end(
    file: HeadFile, path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    assert file.newest() is None
    file.raise_to(*end(3))
    assert file.newest() == end(3)[0]


def test_an_end_that_somebody_else_signed_is_not_believed(
    file: HeadFile, path: Path
) -> None:
    stranger = Ed25519PrivateKey.generate()
    HeadFile(path, stranger.public_key()).raise_to(*end(9, stranger))
    assert file.newest() is None


def test_an_earlier_end_is_kept_once_what_is_lost_was_said(file: HeadFile) -> None:
    for seq in (1, 2):
        file.raise_to(*end(seq))
    file.replace(*end(1))
    assert file.newest() == end(1)[0]
