"""All records in one sealed file, and back: whole, sound, and nobody brought back."""

import contextlib
import io
import os
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.backups.sealing import PASSPHRASE, sealed
from tests.edge.records.bench import Bench

from leukoscope_edge.errors import OutputError, RecordError
from leukoscope_edge.records import DATABASE_NAME, open_store
from leukoscope_edge.records.backups.backup import restore_backup, write_backup
from leukoscope_edge.records.store import COPY_FOLDER


def test_a_short_passphrase_is_refused_and_leaves_nothing(
    bench: Any, stick: Path
) -> None:
    with pytest.raises(RecordError, match="at least 12"):
        write_backup(bench.store, stick, "short", "ann")
    assert list(stick.iterdir()) == []


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


def test_nobody_is_erased_for_having_another_devices_number(
    bench: Any, stick: Path, tmp_path: Path
) -> None:
    slide = bench.signed(name="Ann Canary")
    file = write_backup(bench.store, stick, PASSPHRASE, "ann")
    other = Bench(tmp_path / "other")
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
