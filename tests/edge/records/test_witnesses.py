"""A database that is not the one that was here is told, and nothing is signed on it."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.tampering import rehash, tamper
from tests.edge.records.test_recovery import close

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import DATABASE_NAME, open_store
from leukoscope_edge.records.head_file import HEAD_NAME
from leukoscope_edge.records.store import COPY_FOLDER
from leukoscope_edge.records.witnesses import Witnesses


def empty(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE holiday (day TEXT)")
        connection.commit()


def begun_anew(path: Path) -> None:
    """Put the database of a new device in its place."""
    open_store(path.parent.with_name("other")).close()
    shutil.copyfile(path.parent.with_name("other") / DATABASE_NAME, path)


def of_no_tables(path: Path) -> None:
    """A whole database that holds nothing, as a stop leaves a first start."""
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")
    assert path.stat().st_size > 0


def gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("spoil", [empty, foreign, of_no_tables, begun_anew, gone])
@pytest.mark.parametrize("has_end", [True, False])
def test_it_is_damage_and_the_copy_stays_and_serves(
    bench: Any, spoil: Callable[[Path], None], has_end: bool
) -> None:
    slide = bench.signed()
    bench.store.end_copy()
    bench.store.keep_copy()
    n = bench.store.log.head().seq
    path = close(bench)
    spoil(path)
    if not has_end:  # as records of an earlier program have none
        (bench.folder / HEAD_NAME).unlink()
    if spoil is begun_anew and not has_end:
        return  # nothing tells it from a device without a slide: see the next test
    store = bench.reopen()
    assert store.recovery is not None
    assert store.recovery.n_from_copy == n
    assert store.reader.slide(slide).signatures
    assert store.reader.identity(slide).sample == "S-1"
    assert "event" in store.log.notes("recovered")[0].body["facts"]["what"]


def test_no_copy_is_replaced_by_one_that_lacks_its_end(bench: Any) -> None:
    bench.signed()
    bench.store.end_copy()
    bench.store.keep_copy()
    copy = bench.folder / COPY_FOLDER / DATABASE_NAME
    good = copy.read_bytes()
    path = close(bench)
    (bench.folder / HEAD_NAME).unlink()
    begun_anew(path)
    with (
        open_store(bench.folder) as store,
        pytest.raises(RecordError, match="the copy is left as it is"),
    ):
        store.keep_copy()
    assert copy.read_bytes() == good


@pytest.mark.parametrize("trace", ["keys/device.key", "pictures/0001", HEAD_NAME])
def test_any_trace_of_records_tells_that_there_were_some(
    tmp_path: Path, trace: str
) -> None:
    with open_store(tmp_path) as store:
        store.log.note("light", {}, "ann")
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        if path != tmp_path / trace and path.is_file():
            path.unlink()
    (tmp_path / trace).parent.mkdir(exist_ok=True)
    if not (tmp_path / trace).exists():
        (tmp_path / trace).mkdir()
    if trace != "keys/device.key":
        shutil.rmtree(tmp_path / "keys")
    expected: AbstractContextManager[object] = nullcontext()
    if trace == HEAD_NAME:  # nobody can say who signed it
        expected = pytest.raises(RecordError, match="restore it from a backup")
    with expected, open_store(tmp_path) as store:
        assert store.recovery is not None


@pytest.mark.parametrize("leave", [gone, empty, of_no_tables])
def test_a_first_start_that_a_stop_caught_is_no_damage(
    tmp_path: Path, leave: Callable[[Path], None]
) -> None:
    """The database comes before the keys, so nothing says that there was more."""
    (tmp_path / DATABASE_NAME).touch()
    leave(tmp_path / DATABASE_NAME)
    with open_store(tmp_path) as store:
        assert store.recovery is None


def forge(folder: Path, seq: int) -> None:
    """Change a word, hash the chain anew from there and end it as it should end."""
    path = folder / DATABASE_NAME
    tamper(folder, f"UPDATE event SET by = 'eve' WHERE seq = {seq}")
    with closing(sqlite3.connect(path)) as connection:
        (last,) = connection.execute("SELECT max(seq) FROM event").fetchone()
        for n in range(seq, last + 1):
            connection.execute(
                "UPDATE event SET previous = (SELECT hash FROM event WHERE seq = ?) "
                "WHERE seq = ? AND ? > 1",
                (n - 1, n, n),
            )
            connection.commit()
            rehash(folder, n)
        connection.execute(
            "UPDATE head SET hash = (SELECT hash FROM event WHERE seq = head.seq)"
        )
        connection.commit()


@pytest.mark.parametrize("seq", [1, 5, 8])
def test_nothing_is_written_behind_a_forged_end(bench: Any, seq: int) -> None:
    bench.signed()
    forge(bench.folder, seq)
    with pytest.raises(RecordError, match="does not carry this device's signature"):
        bench.store.log.note("light", {}, "ann")
    assert bench.store.is_damaged


@pytest.mark.parametrize("seq", [1, 5, 8])
@pytest.mark.parametrize("has_end", [True, False])
def test_a_forged_chain_is_told_and_left_out(
    bench: Any, seq: int, has_end: bool
) -> None:
    bench.store.end_copy()
    bench.store.keep_copy()
    slide = bench.signed()
    bench.store.close()
    forge(bench.folder, seq)
    if not has_end:
        (bench.folder / HEAD_NAME).unlink()
    store = bench.reopen()
    assert store.recovery.is_forged
    assert "does not have this device's key" in store.recovery.sentence
    assert all(e.by != "eve" for e in store.reader.events(slide))
    assert store.verify_audit() == []


def test_a_chain_that_lost_its_signed_end_says_what_carries_none(bench: Any) -> None:
    """A disk takes the end away: what is left was not signed by itself."""
    bench.store.end_copy()
    bench.store.keep_copy()
    bench.signed()
    bench.store.close()
    tamper(bench.folder, "DELETE FROM event WHERE seq > 6", "DELETE FROM head")
    store = bench.reopen()
    assert (store.recovery.n_saved, store.recovery.n_unsigned) == (6, 6)
    assert "events 7 to 8 are lost" in store.recovery.sentence
    assert "The last 6 of them carry no signature" in store.recovery.sentence


@pytest.mark.parametrize(
    ("change", "is_damage"),
    [
        ("SELECT 1", False),
        ("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)", True),
        ("UPDATE head SET seq = seq - 1", True),
        ("DELETE FROM head", True),
    ],
)
def test_without_a_second_end_the_last_event_is_the_one_that_was_signed(
    bench: Any, change: str, is_damage: bool
) -> None:
    """As in records of an earlier program: only the database says where it ends."""
    bench.signed()
    path = close(bench)
    (bench.folder / HEAD_NAME).unlink()
    tamper(bench.folder, change)
    expected: AbstractContextManager[object] = nullcontext()
    if is_damage:
        expected = pytest.raises(sqlite3.DatabaseError, match="its last event is not")
    with expected:
        Witnesses(bench.folder).look(path)
