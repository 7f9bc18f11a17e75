"""The last step of a restore: what was checked takes the place of what was there.

It happens inside the records' folder, which is all that a device may write to. Models,
people and certificates beside the records stay. A stop at any instant is made good when
the records are next opened: a part that has not moved yet lies in `.restored-N`.
"""

from pathlib import Path

from leukoscope_edge.durable import make_folder, sync_folder
from leukoscope_edge.records.integrity import LOCK_FILES

RESTORING, RESTORED, BEFORE = ".restoring", ".restored-", "before-restore-"
SIDE_FILES = ("-wal", "-shm")


def begin_last_step(folder: Path, parts: tuple[str, ...]) -> None:
    """Say that what lies in `.restoring` is whole: from here on there is no way back.

    Args:
        folder: Of the records.
        parts: Names of all folders of the records, made where the backup had none.
    """
    for part in parts:
        make_folder(folder / RESTORING / part)
    n = 1
    while (folder / f"{BEFORE}{n}").exists():
        n += 1
    (folder / RESTORING).rename(folder / f"{RESTORED}{n}")
    sync_folder(folder)


def end_last_step(
    folder: Path, files: tuple[str, ...], parts: tuple[str, ...]
) -> Path | None:
    """Move every part that was restored to its place, what was there aside.

    Args:
        folder: Of the records.
        files: Name of the database first, then what belongs to it.
        parts: Names of the folders.

    Returns:
        Where the records are that were there before; None where nothing was moved.
    """
    waiting = sorted(folder.glob(f"{RESTORED}*"))
    if not waiting:
        return None
    fresh = waiting[0]
    before = folder / f"{BEFORE}{fresh.name.removeprefix(RESTORED)}"
    database, *others = files
    if (fresh / database).exists():
        # Of the old one; the new one has none, or its own.
        for name in (*(f"{database}{side}" for side in SIDE_FILES), *others):
            _move(folder / name, before)
    for name in (*files, *parts):
        if (fresh / name).exists():
            _move(folder / name, before)
            (fresh / name).rename(folder / name)
    for lock in LOCK_FILES:  # of whoever checked what was unpacked
        (fresh / lock).unlink(missing_ok=True)
    _end(fresh, before)
    sync_folder(folder)
    return before if before.exists() else None


def _end(fresh: Path, before: Path) -> None:
    """Take the empty folder away; what an older program left in it is kept aside."""
    if next(fresh.iterdir(), None) is None:
        fresh.rmdir()
    else:
        _move(fresh, before)


def _move(path: Path, into: Path) -> None:
    if path.exists():
        make_folder(into)
        path.rename(into / path.name)
        sync_folder(into)
