"""The last step of a restore: nothing is lost, wherever a stop catches it."""

from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.backups.sealing import PASSPHRASE

from leukoscope_edge.records.backups import restore_backup, write_backup
from leukoscope_edge.records.backups.restore_step import (
    BEFORE,
    RESTORED,
    RESTORING,
    begin_last_step,
)


def test_a_later_restore_takes_the_next_number(tmp_path: Path) -> None:
    for n in (1, 2):
        (tmp_path / f"{BEFORE}{n}").mkdir()
    begin_last_step(tmp_path, ("pictures",))
    assert (tmp_path / f"{RESTORED}3" / "pictures").is_dir()
    assert not (tmp_path / RESTORING).exists()


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
