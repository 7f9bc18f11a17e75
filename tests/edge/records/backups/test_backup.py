import contextlib
import io
import os
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leukoscope_edge.durable import PIECE_BYTES, write_stream
from leukoscope_edge.errors import OutputError, RecordError
from leukoscope_edge.records.backups import sealed_file
from leukoscope_edge.records.backups.backup import restore_backup, write_backup
from leukoscope_edge.records.backups.restore_step import (
    BEFORE,
    RESTORED,
    RESTORING,
    begin_last_step,
)
from leukoscope_edge.records.backups.sealed_file import (
    CHUNK_BYTES,
    TAG_BYTES,
    SealedReader,
    SealedWriter,
)
from leukoscope_edge.records.store import COPY_FOLDER, DATABASE_NAME, open_store

PASSPHRASE = "correct horse battery"  # noqa: S105

LOW_COST = 1 << 10


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def sealed(data: bytes) -> bytes:
    out = io.BytesIO()
    writer = SealedWriter(out, PASSPHRASE, cost=LOW_COST)
    writer.write(data)
    writer.close()
    return out.getvalue()


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


def test_another_passphrase_does_not_open_it() -> None:
    with pytest.raises(RecordError, match="wrong passphrase"):
        opened(sealed(b"a"), "another passphrase")


def test_a_short_passphrase_is_refused_and_leaves_nothing(
    bench: Any, stick: Path
) -> None:
    with pytest.raises(RecordError, match="at least 12"):
        write_backup(bench.store, stick, "short", "ann")
    assert list(stick.iterdir()) == []


def test_a_passphrase_of_the_shortest_length_is_taken() -> None:
    words = "x" * sealed_file.MIN_PASSPHRASE_LENGTH
    SealedWriter(io.BytesIO(), words, cost=LOW_COST)
    with pytest.raises(RecordError, match="at least 12"):
        SealedWriter(io.BytesIO(), words[1:], cost=LOW_COST)


def test_a_later_restore_takes_the_next_number(tmp_path: Path) -> None:
    for n in (1, 2):
        (tmp_path / f"{BEFORE}{n}").mkdir()
    begin_last_step(tmp_path, ("pictures",))
    assert (tmp_path / f"{RESTORED}3" / "pictures").is_dir()
    assert not (tmp_path / RESTORING).exists()


def test_a_missing_stick_is_one_line(bench: Any, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_backup(bench.store, tmp_path / "gone", PASSPHRASE, "ann")


def test_everything_comes_back(bench: Any, stick: Path, tmp_path: Path) -> None:
    slide = bench.signed(name="Ann Canary")
    before = bench.store.reader.slide(slide)
    file = write_backup(bench.store, stick, PASSPHRASE, "ann")
    assert b"Canary" not in file.read_bytes()
    assert [p.name for p in stick.iterdir()] == [file.name]
    fresh = tmp_path / "fresh"
    assert restore_backup(file, fresh, PASSPHRASE, "ann") is None
    with open_store(fresh) as store:
        assert store.reader.slide(slide) == before
        assert store.reader.identity(slide).name == "Ann Canary"
        assert store.device == bench.store.device
        assert store.verify_audit() == []
        assert store.log.notes("restored")
        assert len(list(store.reader.archived_cells())) == 4


def test_what_was_there_is_kept_and_the_erased_stay_erased(
    bench: Any, stick: Path
) -> None:
    slide, other = bench.signed(), bench.counted()
    file = write_backup(bench.store, stick, PASSPHRASE, "ann")
    bench.store.erase(slide, "request", "ann")
    bench.store.close()
    before = restore_backup(file, bench.folder, PASSPHRASE, "ann")
    assert before is not None
    assert before.is_dir()
    store = bench.reopen()
    assert store.reader.slide(slide).is_erased
    assert store.reader.identity(slide) is None
    assert store.reader.identity(other) is not None


def test_records_that_a_program_has_open_are_not_replaced(
    bench: Any, stick: Path
) -> None:
    bench.counted()
    file = write_backup(bench.store, stick, PASSPHRASE, "ann")
    with pytest.raises(RecordError, match="another program has it open"):
        restore_backup(file, bench.folder, PASSPHRASE, "ann")
    bench.counted()
    assert len(bench.reopen().reader.slides()) == 2


@pytest.mark.parametrize("passphrase", ["another passphrase", PASSPHRASE])
def test_a_backup_that_is_not_sound_changes_nothing(
    bench: Any, stick: Path, passphrase: str
) -> None:
    bench.signed()
    file = write_backup(bench.store, stick, PASSPHRASE, "ann")
    if passphrase == PASSPHRASE:
        data = bytearray(file.read_bytes())
        data[-100] ^= 1
        file.write_bytes(data)
    bench.store.close()
    names = sorted(p.name for p in bench.folder.parent.iterdir())
    with pytest.raises(RecordError, match="does not open"):
        restore_backup(file, bench.folder, passphrase, "ann")
    assert sorted(p.name for p in bench.folder.parent.iterdir()) == names
    assert bench.reopen().verify_audit() == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("evil", tarfile.REGTYPE),
        ("keys", tarfile.REGTYPE),
        ("models/state.json", tarfile.REGTYPE),
        ("records.sqlite-wal", tarfile.REGTYPE),
        ("../evil", tarfile.REGTYPE),
        ("/etc/evil", tarfile.REGTYPE),
        ("keys/../../evil", tarfile.REGTYPE),
        ("keys/link", tarfile.SYMTYPE),
        ("keys/pipe", tarfile.FIFOTYPE),
    ],
)
def test_a_backup_writes_nothing_outside_its_folder(
    tmp_path: Path, name: str, kind: bytes
) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    file = tmp_path / "evil"
    file.write_bytes(sealed(plain.getvalue()))
    with pytest.raises(RecordError, match="no file of ours"):
        restore_backup(file, tmp_path / "to", PASSPHRASE, "ann")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evil"]


@pytest.mark.parametrize("missing", ["records.sqlite", "keys/device.key", "all"])
def test_a_backup_that_lacks_what_matters_takes_nothing_s_place(
    bench: Any, tmp_path: Path, missing: str
) -> None:
    slide = bench.signed()
    bench.store.close()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name in ("records.sqlite", "keys/device.key", "keys/identity.key"):
            if missing not in (name, "all"):
                tar.add(bench.folder / name, arcname=name)
    file = tmp_path / "short"
    file.write_bytes(sealed(plain.getvalue()))
    with pytest.raises(RecordError, match="holds no"):
        restore_backup(file, bench.folder, PASSPHRASE, "ann")
    assert bench.reopen().reader.slide(slide).signatures


def test_a_restore_with_a_file_that_is_not_ours_does_not_stop_the_next_start(
    bench: Any, stick: Path
) -> None:
    """As an older program unpacked it, before a stop."""
    slide = bench.signed()
    file = write_backup(bench.store, stick, PASSPHRASE, "ann")
    bench.store.close()
    restore_backup(file, bench.folder, PASSPHRASE, "ann")
    waiting = bench.folder / ".restored-2"
    waiting.mkdir()
    (waiting / "strange").touch()
    for _ in range(2):
        assert bench.reopen().reader.slide(slide).signatures
    assert (bench.folder / "before-restore-2" / waiting.name / "strange").exists()


def test_nobody_is_erased_for_having_another_devices_number(
    bench: Any, stick: Path, tmp_path: Path, bench_kind: type[Any]
) -> None:
    slide = bench.signed(name="Ann Canary")
    file = write_backup(bench.store, stick, PASSPHRASE, "ann")
    other = bench_kind(tmp_path / "other")
    assert other.signed(name="Ben Canary") == slide
    other.store.erase(slide, "request", "ann")
    other.store.close()
    restore_backup(file, other.folder, PASSPHRASE, "ann")
    store = other.reopen()
    assert store.reader.identity(slide).name == "Ann Canary"
    assert store.device == bench.store.device


def test_records_that_cannot_be_read_are_mended_by_a_backup(
    bench: Any, stick: Path
) -> None:
    slide = bench.signed()
    file = write_backup(bench.store, stick, PASSPHRASE, "ann")
    bench.store.close()
    (bench.folder / "keys" / "device.key").unlink()
    with pytest.raises(RecordError, match="restore it from a backup"):
        open_store(bench.folder)
    restore_backup(file, bench.folder, PASSPHRASE, "ann")
    store = bench.reopen()
    assert store.reader.slide(slide).signatures
    facts = store.log.notes("restored")[-1].body["facts"]
    assert facts["knows_who_was_erased"] is False


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


class StoppedError(Exception):
    pass


def test_a_restore_that_a_stop_catches_is_ended_at_the_next_opening(
    bench: Any, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before every single move, one after another."""
    slide = bench.signed(name="Ann Canary")
    file = write_backup(bench.store, stick, PASSPHRASE, "ann")
    bench.counted()
    bench.store.close()
    (bench.folder / "models").mkdir()
    real, left = Path.rename, [0]

    def rename(self: Path, target: Path) -> Path:
        if left[0] == 0:
            raise StoppedError
        left[0] -= 1
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    n_stops = 0
    with pytest.raises(StoppedError):
        restore_backup(file, bench.folder, PASSPHRASE, "ann")
    assert len(bench.reopen().reader.slides()) == 2  # before the last step: as it was
    bench.store.close()
    left[0] = 1
    with pytest.raises(StoppedError):
        restore_backup(file, bench.folder, PASSPHRASE, "ann")
    while True:  # each opening gets one move further
        left[0] = 1
        try:
            store = bench.reopen()
        except StoppedError:
            n_stops += 1
            continue
        break
    assert n_stops >= 5
    assert [s.id for s in store.reader.slides()] == [slide]
    assert store.reader.identity(slide).name == "Ann Canary"
    assert store.verify_audit() == []
    assert (bench.folder / "models").is_dir()
    assert (bench.folder / "before-restore-1" / "records.sqlite").exists()
    assert not list(bench.folder.glob(".restor*"))


def test_a_backup_whose_chain_was_changed_is_not_restored(
    bench: Any, stick: Path
) -> None:
    """SQLite finds nothing wrong with it: only the chain tells."""
    bench.signed()
    n = bench.store.log.head().seq
    file = write_backup(Changed(bench.store), stick, PASSPHRASE, "ann")  # type: ignore[arg-type]
    bench.store.close()
    with pytest.raises(RecordError, match="not restored"):
        restore_backup(file, bench.folder, PASSPHRASE, "ann")
    assert bench.reopen().log.head().seq >= n


class Changed:
    """A store whose copy somebody changes before it is sealed."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def keep_copy(self) -> None:
        self._store.keep_copy()
        copy = self._store.folder / COPY_FOLDER / DATABASE_NAME
        with contextlib.closing(sqlite3.connect(copy)) as connection, connection:
            query = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
            triggers = connection.execute(query).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("UPDATE event SET by = 'eve' WHERE seq = 1")
            for _, text in triggers:
                connection.execute(text)


def test_a_pipe_in_the_place_of_a_backup_holds_nobody(
    bench: Any, tmp_path: Path
) -> None:
    bench.store.close()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RecordError, match="not a plain file"):
        restore_backup(tmp_path / "pipe", bench.folder, PASSPHRASE, "ann")


def test_a_header_nested_without_end_is_no_backup() -> None:
    with pytest.raises(RecordError, match="is not a backup of ours"):
        opened(b"[" * 100_000 + b"\n")
