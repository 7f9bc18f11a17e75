"""All records in one sealed file on a stick, and back.

The file holds the database, the pictures, the reports and the device's keys. A restore
is checked in full before it takes the place of what was there, which is kept aside.
Whoever was erased since the backup was made stays erased.
"""

import contextlib
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from leukoscope_edge.durable import (
    make_folder,
    open_plain,
    whole_file,
    write_stream,
)
from leukoscope_edge.errors import OutputError, RecordError
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import message
from leukoscope_edge.records.backups.restore_step import (
    RESTORING,
    begin_last_step,
    end_last_step,
)
from leukoscope_edge.records.backups.sealed_file import (
    SealedReader,
    SealedWriter,
    Takes,
)
from leukoscope_edge.records.database import check_unused
from leukoscope_edge.records.keys import DEVICE_KEY, IDENTITY_KEY
from leukoscope_edge.records.slides.slide import SlideRecord
from leukoscope_edge.records.store import (
    COPY_FOLDER,
    DATABASE_NAME,
    FILES,
    FOLDERS,
    Store,
    open_store,
)
from leukoscope_edge.records.witnesses import KEYS

REQUIRED = (DATABASE_NAME, f"{KEYS}/{DEVICE_KEY}", f"{KEYS}/{IDENTITY_KEY}")
"""Without these a backup would put nothing in the place of everything."""
SUFFIX = ".leukoscope-backup"


def write_backup(store: Store, folder: Path, passphrase: str, by: str) -> Path:
    """Write a sealed backup and return its file.

    Args:
        store: The records.
        folder: Where to.
        passphrase: Nobody opens the backup without it, nor do we.
        by: Who asked for it.

    Raises:
        RecordError: The passphrase is too short.
        OutputError: It cannot be written; nothing that looks whole is left.
    """
    path = folder / backup_name(store)
    try:
        with whole_file(path) as file:
            seal(store, file, passphrase)
    except OSError as err:
        why = str(err.strerror)
        raise OutputError(message("path-unwritable", path=str(path), why=why)) from err
    note_backup(store, path.name, by)
    return path


def backup_name(store: Store) -> str:
    """Return a name for a backup of the records as they are now."""
    return f"{store.device}-{store.log.head().seq:08d}{SUFFIX}"


def note_backup(store: Store, name: str, by: str) -> None:
    """Keep that a backup was made."""
    store.log.note("backup", {"file": name, "code": store.log.head().code}, by)


def seal(store: Store, file: Takes, passphrase: str) -> None:
    """Write all records, sealed.

    Args:
        store: The records.
        file: Takes the bytes; synced and named by whoever opened it.
        passphrase: Nobody opens the backup without it, nor do we.

    Raises:
        RecordError: The passphrase is too short.
    """
    store.keep_copy()
    sealed = SealedWriter(file, passphrase)
    with tarfile.open(fileobj=sealed, mode="w|") as tar:  # type: ignore[call-overload]
        for part, name in _contents(store.folder):
            tar.add(part, arcname=name, recursive=False)
    sealed.close()


def _contents(folder: Path) -> Iterator[tuple[Path, str]]:
    yield folder / COPY_FOLDER / DATABASE_NAME, DATABASE_NAME
    for name in FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path, path.relative_to(folder).as_posix()


def restore_backup(backup: Path, folder: Path, passphrase: str, by: str) -> Path | None:
    """Put a backup in the place of the records.

    Args:
        backup: The sealed file.
        folder: The records.
        passphrase: What it was sealed with.
        by: Who asked for it.

    Returns:
        Where the records that were there before are now, None if there were none.

    Raises:
        RecordError: It does not open, what it holds is not sound, or a program has
            the records open; they are as they were then.
    """
    was_there, erased = folder.exists(), _erased(folder)
    fresh = folder / RESTORING
    shutil.rmtree(fresh, ignore_errors=True)  # of a restore that a stop caught
    try:
        _unpack(backup, fresh, passphrase)
        _check_and_note(fresh, backup, erased, by)
    except BaseException:
        shutil.rmtree(fresh if was_there else folder, ignore_errors=True)
        raise
    parts = (COPY_FOLDER, *FOLDERS)
    begin_last_step(folder, parts)
    return end_last_step(folder, FILES, parts)


def _check_and_note(
    folder: Path, backup: Path, erased: set[str] | None, by: str
) -> None:
    with open_store(folder) as store:
        problems = store.verify_audit()
        if problems:
            seq, what = problems[0].seq, problems[0].what
            raise RecordError(
                message("backup-changed", file=str(backup), n=seq, what=what)
            )
        for record in store.reader.every_slide():
            if _start(store, record) in (erased or ()) and not record.is_erased:
                store.erase(record.id, "erased before the restore", by)
        facts = {"file": backup.name, "knows_who_was_erased": erased is not None}
        store.log.note("restored", facts, by)


def _erased(folder: Path) -> set[str] | None:
    """Return the starts of the slides that were erased here, and let nobody be there.

    A number alone is another person's on another device, or after a restore.

    Returns:
        None where the records cannot be read: a backup is what mends them.
    """
    if not (folder / DATABASE_NAME).exists():
        return set()
    erased = None
    with (
        passing_over(RecordError, doing="reading what was erased before a restore"),
        open_store(folder) as store,  # before SQLite writes back a damaged log
    ):
        erased = {_start(store, r) for r in store.reader.every_slide() if r.is_erased}
    with contextlib.suppress(sqlite3.DatabaseError):
        check_unused(folder / DATABASE_NAME)
    return erased


def _start(store: Store, record: SlideRecord) -> str:
    """Return the hash of the event that a slide began with: there is no second one."""
    return store.reader.events(record.id)[0].hash


def _unpack(backup: Path, folder: Path, passphrase: str) -> None:
    try:
        with open_plain(backup) as file:
            sealed = SealedReader(file, passphrase, backup.name)
            with tarfile.open(fileobj=sealed, mode="r|") as tar:  # type: ignore[call-overload]
                for member in tar:
                    _unpack_one(tar, member, folder)
        for name in REQUIRED:
            if not (folder / name).is_file():
                raise RecordError(message("backup-lacks", file=str(backup), name=name))
    except (OSError, tarfile.TarError) as err:
        where = str(backup)
        raise RecordError(message("path-unreadable", path=where, why=str(err))) from err


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    name = PurePosixPath(member.name)
    data = tar.extractfile(member) if member.isreg() else None
    if data is None or not _is_ours(name):
        raise RecordError(message("backup-foreign", name=repr(member.name)))
    target = folder / name
    make_folder(target.parent)
    write_stream(target, data, mode=0o600)


def _is_ours(name: PurePosixPath) -> bool:
    """Say whether a backup of ours holds a file of this name."""
    if name.is_absolute() or ".." in name.parts:
        return False
    is_inside = len(name.parts) > 1 and name.parts[0] in FOLDERS
    return is_inside or str(name) == DATABASE_NAME
