"""The check of the database: once for all, beside other work, and nothing before it."""

import contextlib
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.edge.records.bench import Bench
from tests.edge.records.test_recovery import close, spoil_page_of
from tests.waiting import PATIENCE_S, wait_for

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import DATABASE_NAME, Store, open_store
from leukoscope_edge.records.backups import restore_backup, write_backup
from leukoscope_edge.records.integrity import CHECK_FILE, Integrity, IntegrityCheck
from leukoscope_edge.records.ledger import Ledger
from leukoscope_edge.records.maintenance import DAMAGED, LOOKING, Maintenance
from leukoscope_edge.records.store import COPY_FOLDER
from leukoscope_edge.records.witnesses import Witnesses
from leukoscope_edge.types import Reading

DIES_AT_THE_CHECK = """
import os, sys
from pathlib import Path
from leukoscope_edge.records import maintenance
maintenance.is_sound = lambda _: os._exit(9)
from leukoscope_edge.records.store import open_store
open_store(Path(sys.argv[1]), waits=False).end_copy()
"""


N_SLIDES = 6


@contextmanager
def check_is_held(folder: Path) -> Iterator[None]:
    """Be at the check, as another process, and not get on with it."""
    held, lets_go = threading.Event(), threading.Event()

    def hold() -> bool:
        held.set()
        lets_go.wait(PATIENCE_S)
        raise OSError("gave up")

    def look() -> None:
        other = IntegrityCheck(folder)
        other.say(Integrity.NOTHING)
        with pytest.raises(OSError, match="gave up"):
            other.look(hold, threading.Event())
        other.leave()

    thread = threading.Thread(target=look)
    thread.start()
    assert held.wait(PATIENCE_S)
    try:
        yield
    finally:
        lets_go.set()
        thread.join()


def maintenance_of(folder: Path) -> Maintenance:
    copy = folder / COPY_FOLDER / DATABASE_NAME
    now, witnesses = lambda: datetime.now(timezone.utc), Witnesses(folder)
    return Maintenance(folder / DATABASE_NAME, copy, now, witnesses)


def spoil_a_leaf(path: Path) -> None:
    """Fill a page in the middle of the events with noise; the ends stay readable.

    Source: https://www.sqlite.org/fileformat.html, 1.6: an interior page's header of 12
    bytes, the places of its cells, and in each first the number of a page below.
    """
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'event'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(path.read_bytes())
    page = data[(root - 1) * size : root * size]
    middle = 12 + 2 * (int.from_bytes(page[3:5]) // 2)
    cell = int.from_bytes(page[middle : middle + 2])
    leaf = int.from_bytes(page[cell : cell + 4])
    data[(leaf - 1) * size : leaf * size] = b"\xa5" * size
    path.write_bytes(data)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of many pages, closed; their copy is older than the slides."""
    bench = Bench(tmp_path_factory.mktemp("model") / "records")
    bench.store.end_copy()
    for number in range(N_SLIDES):
        bench.signed(sample=f"S-{number}")
    return close(bench).parent


@pytest.fixture
def long(model: Path, tmp_path: Path) -> Path:
    """A copy of them, for one test to spoil; returns the database."""
    shutil.copytree(model, tmp_path / "long")
    return tmp_path / "long" / DATABASE_NAME


def test_who_serves_does_not_wait_for_the_check_and_writes_after_it(bench: Any) -> None:
    slide = bench.finished()
    bench.store.close()
    with check_is_held(bench.folder):
        maintenance = maintenance_of(bench.folder)
        maintenance.open(lambda: None, waits=False, on_long_work=lambda: None)[
            0
        ].close()
        maintenance.look_after()
        with pytest.raises(RecordError, match=LOOKING.said()):
            maintenance.require_sound(within_s=0)
    maintenance.require_sound()
    maintenance.leave()
    with open_store(bench.folder, waits=False) as store:
        store.review.judge_cell(
            slide, "1", Reading.BLAST, "ann", key="key-1"
        )  # waits for it
        assert store.is_sound
        assert store.troubles == []


def test_records_are_read_and_not_written_while_they_are_looked_through(
    bench: Any,
) -> None:
    slide = bench.finished()
    n = bench.store.log.head().seq
    writer = threading.Thread(target=bench.store.log.note, args=("light", {}, "device"))
    with check_is_held(bench.folder):
        writer.start()
        assert bench.store.reader.slides()[0].id == slide
        assert bench.store.troubles == [LOOKING]
        writer.join(0.2)
        assert bench.store.log.head().seq == n
        bench.store._maintenance.look_after()
    writer.join()
    assert bench.store.log.head().seq == n + 1
    assert bench.store.troubles == []


def test_who_opens_beside_others_takes_their_word(bench: Any) -> None:
    """Looked for by the check's lock, which nobody may want: it would wait for ever."""
    with one_at_a_time_at(bench.folder / CHECK_FILE):
        for waits in (True, False):
            with open_store(bench.folder, waits=waits) as store:
                assert store.is_sound
                store.log.note("light", {}, "device")


@contextmanager
def one_at_a_time_at(path: Path) -> Iterator[None]:
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_a_check_whose_maker_dies_is_made_by_another(bench: Any) -> None:
    folder = bench.folder
    close(bench)
    with open_store(folder) as store:
        store.end_copy()  # or its own look may come between
        IntegrityCheck(folder).say(Integrity.NOTHING)
        command = [sys.executable, "-c", DIES_AT_THE_CHECK, str(folder)]
        assert subprocess.run(command).returncode == 9
        assert not store.is_sound
        with open_store(folder, waits=False):
            wait_for(lambda: store.is_sound)


@pytest.mark.parametrize("waits", [True, False])
def test_damage_in_the_middle_is_found_whoever_looks(long: Path, waits: bool) -> None:
    spoil_a_leaf(long)
    with open_store(long.parent, waits=waits) as store:
        if not waits:
            assert store.recovery is None
            wait_for(lambda: store.is_damaged)
            before = long.read_bytes()
            with pytest.raises(RecordError, match=DAMAGED.said()):
                store.log.note("light", {}, "device")
            assert store.troubles == [DAMAGED]
    if not waits:
        assert long.read_bytes() == before
        store = open_store(long.parent, waits=False)
    assert store.recovery is not None
    assert "The records were damaged" in store.recovery.sentence
    with open_store(long.parent) as again:
        assert again.verify_audit() == []
        assert again.recovery is None
    store.close()


def test_who_opens_damaged_records_waits_for_the_others(
    long: Path,
) -> None:
    told: list[str] = []
    others = [open_store(long.parent) for _ in range(2)]
    spoil_a_leaf(long)
    IntegrityCheck(long.parent).say(Integrity.DAMAGED)
    assert others[1].is_damaged
    threading.Timer(0.3, others[0].close).start()
    threading.Timer(0.5, others[1].close).start()
    with open_store(
        long.parent, waits=False, on_long_work=lambda: told.append("long")
    ) as store:
        assert store.recovery is not None
        assert store.is_sound
    assert told


def test_a_copy_of_damaged_records_takes_no_good_ones_place(long: Path) -> None:
    store = open_store(long.parent)
    store.keep_copy()
    copy = long.parent / COPY_FOLDER / DATABASE_NAME
    good = copy.read_bytes()
    spoil_a_leaf(long)
    with pytest.raises(RecordError, match="cannot be copied"):
        store.keep_copy()
    wait_for(lambda: store.is_damaged)
    assert copy.read_bytes() == good
    store.close()
    with open_store(long.parent) as store:
        assert len(store.reader.slides()) == N_SLIDES


def test_damage_that_reading_meets_is_told(long: Path) -> None:
    spoil_a_leaf(long)
    told: list[str] = []
    with contextlib.closing(sqlite3.connect(long)) as connection:
        ledger = Ledger(
            connection,
            Ed25519PrivateKey.generate(),
            lambda: datetime.now(timezone.utc),
            on_damage=lambda: told.append("damage"),
            on_end=lambda head, signature: None,
        )
        with pytest.raises(RecordError, match="cannot be read"):
            ledger.rows("SELECT * FROM event")
        with pytest.raises(RecordError, match="no such table"):
            ledger.rows("SELECT * FROM none_such")
    assert told == ["damage"]


def test_an_end_that_cannot_be_read_is_found_without_the_check(bench: Any) -> None:
    spoil_page_of(close(bench), "event_of_slide")
    with open_store(bench.folder, waits=False) as store:
        assert store.recovery is not None


@pytest.mark.parametrize("cut", [4096, 12_000])
def test_a_file_that_was_cut_is_found_without_the_check(long: Path, cut: int) -> None:
    os.truncate(long, long.stat().st_size - cut)
    with open_store(long.parent, waits=False) as store:
        assert store.recovery is not None


def test_a_database_that_vanishes_under_others_is_not_begun_anew(bench: Any) -> None:
    bench.signed()
    bench.store.keep_copy()
    (bench.folder / DATABASE_NAME).unlink()
    with pytest.raises(RecordError, match="are damaged"):
        open_store(bench.folder, waits=False)
    assert bench.store.is_damaged


def test_a_check_does_not_take_back_what_a_reader_met(bench: Any) -> None:
    bench.store.end_copy()  # or its own look may come between
    integrity, reader = IntegrityCheck(bench.folder), IntegrityCheck(bench.folder)
    integrity.say(Integrity.NOTHING)

    def is_sound() -> bool:
        reader.say(Integrity.DAMAGED)
        return True

    assert integrity.look(is_sound, threading.Event()) is Integrity.DAMAGED
    for one in (integrity, reader):
        one.leave()
        assert one.found is Integrity.NOTHING
        one.say(Integrity.SOUND)  # to nobody
    assert bench.store.is_damaged


def test_nobody_is_alone_before_the_journal_is_written_back(bench: Any) -> None:
    bench.finished()
    other = IntegrityCheck(bench.folder)
    closing = bench.store._connection

    class Closing:
        """Looks who is there while the connection closes."""

        def close(self) -> None:
            assert not other.enter()
            other.leave()
            closing.close()

    bench.store._maintenance.leave(Closing())
    assert IntegrityCheck(bench.folder).enter()


def test_closing_gives_a_check_up(bench: Any) -> None:
    close(bench)
    with check_is_held(bench.folder):
        open_store(bench.folder, waits=False).close()
    with open_store(bench.folder, waits=False) as store:
        wait_for(lambda: store.is_sound)


def test_a_word_of_an_earlier_day_is_not_believed(long: Path) -> None:
    """The file says sound, and nobody has the records open."""
    spoil_a_leaf(long)
    integrity = IntegrityCheck(long.parent)
    integrity.say(Integrity.SOUND)
    integrity.leave()
    with Store(long.parent) as store:
        assert store.recovery is not None


def test_a_restored_folder_takes_no_locks_with_it(bench: Any, tmp_path: Path) -> None:
    slide = bench.signed()
    file = write_backup(bench.store, tmp_path, "a long passphrase", "ann")
    bench.store.close()
    restore_backup(file, bench.folder, "a long passphrase", "ann")
    assert not list(bench.folder.glob(".restored-*"))
    assert bench.reopen().reader.slide(slide).signatures
