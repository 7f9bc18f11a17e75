import contextlib
import os
import re
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.bench import make_set_up

from leukoscope_edge.durable import one_at_a_time
from leukoscope_edge.errors import RecordError
from leukoscope_edge.messages import Message
from leukoscope_edge.records import read_only
from leukoscope_edge.records.events import NO_EVENT_HASH
from leukoscope_edge.records.keys import open_keys
from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.records.store import (
    COPY_FOLDER,
    DATABASE_NAME,
    ERASING,
    Store,
    open_store,
)
from leukoscope_edge.types import Reading


def test_an_empty_store_has_nothing_and_is_sound(bench: Any) -> None:
    assert bench.store.reader.slides() == []
    assert bench.store.reader.unfinished() == []
    assert bench.store.verify_audit() == []
    assert (bench.store.log.head().seq, bench.store.log.head().hash) == (
        0,
        NO_EVENT_HASH,
    )


def test_a_slide_reads_the_same_after_reopening(bench: Any) -> None:
    slide = bench.signed(comment="send on")
    before = bench.store.reader.slide(slide)
    assert bench.reopen().reader.slide(slide) == before
    assert before.state is SlideState.SIGNED
    assert before.cells[0].frame_sha256 == "ab" * 32
    assert bench.store.reader.comment(slide, before.signatures[0]) == "send on"


def all_bytes(folder: Path) -> bytes:
    return b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())


def test_no_file_holds_a_name_in_the_clear(bench: Any) -> None:
    slide = bench.signed(
        sample="CANARY-SAMPLE", name="Canary Name", comment="canary comment"
    )
    assert bench.store.reader.identity(slide).name == "Canary Name"
    bench.store.close()
    assert not re.search(rb"(?i)canary", all_bytes(bench.folder))


def test_an_erasure_beside_a_reader_says_so_until_the_log_is_empty(
    bench: Any,
) -> None:
    slide = bench.signed()
    log = bench.folder / f"{DATABASE_NAME}-wal"
    with contextlib.closing(read_only(bench.folder / DATABASE_NAME)) as reader:
        wrapped = reader.execute("SELECT wrapped FROM record_key").fetchone()[0]
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM event").fetchall()
        bench.store.log.note("light", {}, "ann")  # unseen by the reader
        bench.store.erase(slide, "request", "ann")
        assert bench.store.is_erasing
        assert ERASING in bench.store.troubles
        reader.rollback()
    assert not bench.store.is_erasing
    assert bench.store.troubles == []
    assert not log.exists() or log.stat().st_size == 0
    for path in (bench.folder / DATABASE_NAME, bench.folder / "copy" / DATABASE_NAME):
        assert wrapped not in path.read_bytes()


def test_erasing_destroys_the_key_and_leaves_the_record_whole(bench: Any) -> None:
    slide = bench.signed(name="Ann Other", comment="of Ann")
    bench.store.keep_copy()
    before = bench.store.reader.slide(slide)
    connection = sqlite3.connect(bench.folder / DATABASE_NAME)
    ((wrapped,),) = connection.execute("SELECT wrapped FROM record_key").fetchall()
    connection.close()
    report = bench.store.report_path(slide, 1)
    report.write_bytes(b"with a name")
    bench.store.erase(slide, "request", "ann")
    after = bench.store.reader.slide(slide)
    assert after.is_erased
    assert after.cells == before.cells
    assert bench.store.reader.identity(slide) is None
    assert bench.store.reader.comment(slide, after.signatures[0]) is None
    assert bench.store.worklist.slides_of("S-1") == []
    assert bench.store.verify_audit() == []
    assert not report.exists()
    assert wrapped not in all_bytes(bench.folder)


def test_only_the_devices_user_reads_the_records(bench: Any) -> None:
    bench.signed()
    for name in ("keys/device.key", "keys/identity.key"):
        mode = stat.S_IMODE((bench.folder / name).stat().st_mode)
        assert mode == 0o600
    assert stat.S_IMODE(bench.folder.stat().st_mode) == 0o700


def test_missing_keys_of_old_records_are_not_made_anew(bench: Any) -> None:
    bench.counted()
    bench.store.close()
    (bench.folder / "keys" / "identity.key").unlink()
    with pytest.raises(RecordError, match=r"identity\.key: cannot be read"):
        open_store(bench.folder)


def test_threads_and_a_second_process_write_one_chain(bench: Any) -> None:
    slide = bench.finished(n=12)
    other = open_store(bench.folder)

    def judge(store: Store, name: str) -> None:
        for i in range(1, 13):
            store.review.judge_cell(
                slide, str(i), Reading.NORMAL, name, key=f"{name}{i}"
            )

    threads = [
        threading.Thread(target=judge, args=(store, f"{n}-{name}"))
        for n, store in enumerate((bench.store, other))
        for name in ("ann", "bob")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bench.store.reader.slide(slide).steps) == 48
    assert bench.store.reader.slide(slide) == other.reader.slide(slide)
    assert bench.store.verify_audit() == []
    other.close()


def test_the_copy_is_renewed_with_the_first_slide_of_a_day(tmp_path: Path) -> None:
    clock = [datetime.now(timezone.utc)]
    with Store(tmp_path / "r", now=lambda: clock[0]) as store:
        copy = tmp_path / "r" / COPY_FOLDER / DATABASE_NAME
        store.end_copy()
        for hours, is_renewed in ((0, False), (23, False), (25, True)):
            before = copy.stat().st_ino
            clock[0] = datetime.now(timezone.utc) + timedelta(hours=hours)
            store.start_slide(make_set_up(), "ann")
            store.end_copy()
            assert (copy.stat().st_ino != before) == is_renewed


def test_nobody_waits_for_the_daily_copy(bench: Any) -> None:
    """Another program holds the folder: the copy waits, the records do not."""
    folder = bench.folder / COPY_FOLDER
    bench.store.end_copy()
    shutil.rmtree(folder)
    folder.mkdir()
    with one_at_a_time(folder):
        slide = bench.counted()
        assert bench.store.reader.slide(slide).machine_cells
        assert not (folder / DATABASE_NAME).exists()
    bench.store.end_copy()
    with open_store(bench.folder) as store:
        assert store.reader.slide(slide) == bench.store.reader.slide(slide)
    assert (folder / DATABASE_NAME).exists()


def test_a_copy_that_cannot_be_made_stops_nothing_and_is_said(bench: Any) -> None:
    bench.store.end_copy()
    shutil.rmtree(bench.folder / COPY_FOLDER)
    (bench.folder / COPY_FOLDER).write_text("in the way")
    assert bench.store.reader.slide(bench.counted()).machine_cells
    bench.store.end_copy()
    (said,) = bench.store.troubles
    assert isinstance(said, Message)
    assert said.id == "no-copy-made"
    (bench.folder / COPY_FOLDER).unlink()
    bench.counted(sample="B")
    bench.store.end_copy()
    assert bench.store.troubles == []


ROOT = Path(__file__).resolve().parents[3]
FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.edge.records.bench import Bench
bench = Bench(Path({folder!r}))
slide = bench.counted(n=2)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = {limit}
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from leukoscope_edge.errors import LeukoscopeError
for i in range(1000):
    try:
        bench.store.log.note("fill", {{"x": "y" * 2000}}, "ann")
    except LeukoscopeError as err:
        print(i, err)
        break
head = bench.store.log.head()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
"""


def test_a_full_disk_is_one_line_and_loses_nothing_acknowledged(
    bench: Any,
) -> None:
    bench.store.close()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    assert hard == resource.RLIM_INFINITY
    script = FULL_DISK.format(tests=str(ROOT), folder=str(bench.folder), limit=300_000)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=os.environ
    )
    n, _, message = done.stdout.strip().partition(" ")
    assert "the records cannot be written" in message, done.stderr
    assert "\n" not in message
    store = bench.reopen()
    assert len(store.log.notes("fill")) == int(n)
    assert store.verify_audit() == []
    store.log.note("again", {}, "ann")


def test_a_key_that_two_programs_make_at_once_is_one(tmp_path: Path) -> None:
    n = 8
    found: list[bytes] = []
    ready = threading.Barrier(n)

    def make() -> None:
        ready.wait()
        found.append(open_keys(tmp_path / "keys", may_make=True).identity)

    threads = [threading.Thread(target=make) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == n
    assert len(set(found)) == 1
    assert sorted(p.name for p in (tmp_path / "keys").iterdir()) == [
        "device.key",
        "identity.key",
    ]
