import contextlib
import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from leukoscope_edge.durable import (
    PIECE_BYTES,
    alone_in,
    check_room,
    prepare_folder,
    sha256_of,
    whole_file,
    write_stream,
    write_whole,
)
from leukoscope_edge.errors import OutputError


def test_a_file_takes_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with whole_file(path, mode=0o600) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "error", [OSError("full"), ValueError("no"), KeyboardInterrupt]
)
def test_what_raises_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(BaseException), whole_file(path) as file:  # noqa: PT011, B017
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_lives_in_memory_is_whole_and_waits_for_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    path = tmp_path / "beat.json"
    with whole_file(path, is_synced=False) as file:
        file.write(b"{}")
        assert not path.exists()
    assert path.read_bytes() == b"{}"
    assert synced == []
    with whole_file(path) as file:
        file.write(b"[]")
    assert len(synced) == 2  # the file and its folder


def test_a_longer_part_left_by_a_cut_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".a.part").write_bytes(b"left by a cut")
    write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(tmp_path / "none" / "a", b"")


@pytest.mark.parametrize("first_fails", [False, True])
def test_two_who_write_one_file_write_one_after_the_other(
    tmp_path: Path, *, first_fails: bool
) -> None:
    """Else the first to end gave its name to what the second had half written."""
    path, seen = tmp_path / "a", []

    def write_the_second() -> None:
        with whole_file(path) as file:
            seen.append(path.read_bytes() if path.exists() else b"")
            file.write(b"second")

    second = threading.Thread(target=write_the_second)
    with contextlib.suppress(ValueError), whole_file(path) as file:
        file.write(b"fir")
        file.flush()
        second.start()
        second.join(0.2)
        assert seen == []
        file.write(b"st")
        if first_fails:
            raise ValueError
    second.join()
    assert seen == [b"" if first_fails else b"first"]
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


class Zeros:
    """A file of noughts that counts how much of it is asked for at once."""

    def __init__(self, n_bytes: int) -> None:
        self.left, self.largest = n_bytes, 0

    def read(self, n: int, /) -> bytes:
        self.largest = max(self.largest, n)
        n = min(n, self.left)
        self.left -= n
        return bytes(n)


def test_a_large_file_is_restored_piece_by_piece(tmp_path: Path) -> None:
    source = Zeros(5 * PIECE_BYTES + 1)
    write_stream(tmp_path / "large", source)
    assert (tmp_path / "large").stat().st_size == 5 * PIECE_BYTES + 1
    assert source.largest == PIECE_BYTES


def test_an_older_result_is_gone_before_the_new_one_is_made(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("old")
    (tmp_path / "mine.txt").write_text("keep")
    prepare_folder(tmp_path, ("result.json",))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_two_runs_never_mix_their_results(tmp_path: Path) -> None:
    with (
        alone_in(tmp_path),
        pytest.raises(OutputError, match="another run is writing its results there"),
        alone_in(tmp_path),
    ):
        pass
    with alone_in(tmp_path):  # it was let go
        assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with alone_in(tmp_path):
        pass


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(OutputError, match="cannot be written to"):
        prepare_folder(tmp_path / "out", ())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / ".result.json.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(tmp_path / "result.json", b"x" * 100)
    assert not (tmp_path / "result.json").exists()


def test_nothing_begins_without_room_to_end_it(tmp_path: Path) -> None:
    check_room(tmp_path, 1)
    with pytest.raises(OutputError, match="MiB are needed"):
        check_room(tmp_path, 1 << 60)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)
def test_a_file_s_hash_is_that_of_the_standard_s_examples(
    tmp_path: Path, data: bytes, digest: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    assert sha256_of(path) == digest


def test_a_file_that_is_not_there_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sha256_of(tmp_path / "gone")
