"""A damaged database opens again, with what can be trusted, and says what is lost."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import DATABASE_NAME, Head, hash_of, open_store
from leukoscope_edge.records.head_file import HEAD_NAME
from leukoscope_edge.records.recovery import _follows, _page_bytes
from leukoscope_edge.records.slides import Corrected
from leukoscope_edge.records.store import COPY_FOLDER


def close(bench: Any) -> Path:
    """Close the store, so that one file holds everything."""
    bench.store.close()
    path: Path = bench.folder / DATABASE_NAME
    assert not path.with_name(path.name + "-wal").exists()
    return path


def close_without_copy(bench: Any) -> Path:
    """Close the store and take its copy away, which it makes beside other work."""
    bench.store.end_copy()
    path = close(bench)
    shutil.rmtree(bench.folder / COPY_FOLDER)
    return path


def spoil_page_of(path: Path, name: str) -> None:
    """Fill the first page of a table or an index with noughts."""
    connection = sqlite3.connect(path)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)
    ).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * size : page * size] = bytes(size)
    path.write_bytes(data)


def test_a_sound_database_needs_no_recovery(bench: Any) -> None:
    bench.signed()
    assert bench.reopen().recovery is None


def test_what_is_no_database_gives_way_to_the_last_copy(bench: Any) -> None:
    slide = bench.signed()
    bench.store.end_copy()
    bench.store.keep_copy()
    n = bench.store.log.head().seq
    lost = bench.counted()
    close(bench).write_bytes(b"not a database at all" * 100)
    store = bench.reopen()
    assert (store.recovery.n_from_copy, store.recovery.n_saved) == (n, 0)
    assert f"events {n + 1} to {n + 2} are lost" in store.recovery.sentence
    assert store.recovery.kept == bench.folder / "damaged-1"
    assert store.recovery.kept.is_dir()
    assert store.reader.slide(slide).signatures
    assert store.reader.identity(slide).sample == "S-1"
    assert store.verify_audit() == []
    assert store.log.notes("recovered")
    assert bench.counted() not in (slide, lost)
    assert bench.reopen().recovery is None


def test_sound_events_after_the_copy_are_saved_from_the_damaged_file(
    bench: Any,
) -> None:
    bench.store.end_copy()
    bench.store.keep_copy()
    slide = bench.signed()
    bench.store.log.note("light", {"plasma_level": 1.0}, "ann")
    n = bench.store.log.head().seq
    spoil_page_of(close(bench), "event_of_slide")
    store = bench.reopen()
    assert store.recovery.n_saved == n
    assert len(store.log.notes("light")) == 1
    assert "nothing is known to be lost" in store.recovery.sentence
    assert store.reader.slide(slide).signatures
    assert store.reader.identity(slide).sample == "S-1"
    assert store.verify_audit() == []


def test_a_slide_is_found_by_the_label_that_was_put_right_since_the_copy(
    bench: Any,
) -> None:
    slide, other = bench.finished(), bench.finished()
    bench.store.end_copy()
    bench.store.keep_copy()
    bench.store.review.correct(slide, Corrected(sample="S-2"), "wrong label", "ann")
    spoil_page_of(close(bench), "event_of_slide")
    store = bench.reopen()
    assert store.reader.identity(slide).sample == "S-2"
    assert (store.worklist.slides_of("S-1"), store.worklist.slides_of("S-2")) == (
        [other],
        [slide],
    )
    assert store.verify_audit() == []


def test_a_slide_that_is_found_by_another_label_is_told(bench: Any) -> None:
    slide = bench.finished()
    bench.finished(sample="S-2")
    path = close(bench)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE record_key SET sample_tag = "
            "(SELECT sample_tag FROM record_key WHERE slide != ?)",
            (slide,),
        )
    [problem] = bench.reopen().verify_audit()
    assert problem.what == f"slide {slide} is found by another label"


def test_who_was_erased_is_not_brought_back_by_an_older_copy(bench: Any) -> None:
    slide = bench.signed()
    bench.store.end_copy()
    bench.store.keep_copy()
    copy = bench.folder / COPY_FOLDER / DATABASE_NAME
    older = copy.read_bytes()
    bench.store.erase(slide, "request", "ann")
    copy.write_bytes(older)
    spoil_page_of(close(bench), "event_of_slide")
    store = bench.reopen()
    assert store.reader.slide(slide).is_erased
    assert store.reader.identity(slide) is None


def test_a_database_that_is_gone_is_not_quietly_begun_anew(bench: Any) -> None:
    slide = bench.signed()
    bench.store.end_copy()
    bench.store.keep_copy()
    close(bench).unlink()
    store = bench.reopen()
    assert store.recovery is not None
    assert store.reader.slide(slide).signatures


@pytest.mark.parametrize("is_put_aside", [False, True])
def test_a_recovery_that_a_stop_caught_is_ended(bench: Any, is_put_aside: bool) -> None:
    """The new file is whole before the damaged one is put aside."""
    slide = bench.signed()
    path = close(bench)
    fresh = path.with_name(f".{path.name}.recovered")
    if is_put_aside:
        path.rename(fresh)
    else:
        fresh.write_bytes(path.read_bytes()[:5000])  # half made
        spoil_page_of(path, "event_of_slide")
    store = bench.reopen()
    assert store.reader.slide(slide).signatures
    assert not fresh.exists()


def gone(path: Path) -> None:
    path.unlink()


def put_aside(path: Path) -> None:
    path.rename(path.with_name(f".{path.name}.recovered"))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def spoilt(path: Path) -> None:
    spoil_page_of(path, "event_of_slide")


@pytest.mark.parametrize("spoil", [gone, put_aside, emptied, spoilt])
def test_who_may_not_recover_is_refused_and_moves_nothing(
    bench: Any, spoil: Callable[[Path], None]
) -> None:
    slide = bench.signed()
    bench.store.end_copy()
    bench.store.keep_copy()
    spoil(close(bench))
    before = {p: p.read_bytes() for p in bench.folder.rglob("*.sqlite*")}
    folders = {p for p in bench.folder.rglob("*") if p.is_dir()}
    with pytest.raises(RecordError, match="nothing was changed: start the service"):
        open_store(bench.folder, may_recover=False)
    assert {p: p.read_bytes() for p in bench.folder.rglob("*.sqlite*")} == before
    assert {p for p in bench.folder.rglob("*") if p.is_dir()} == folders
    assert bench.reopen().reader.slide(slide).signatures


def test_without_any_copy_the_records_begin_anew_and_say_so(bench: Any) -> None:
    bench.signed()
    path = close_without_copy(bench)
    path.write_bytes(b"x" * 4096)
    store = bench.reopen()
    assert store.reader.slides() == []
    assert "0 events were saved; events 1 to 8 are lost" in store.recovery.sentence


def test_without_the_second_end_nobody_says_how_much_is_lost(bench: Any) -> None:
    bench.signed()
    path = close_without_copy(bench)
    (bench.folder / HEAD_NAME).unlink()
    path.write_bytes(b"x" * 4096)
    store = bench.reopen()
    assert "whatever came after event 0 is lost" in store.recovery.sentence


def test_a_locked_or_unreadable_database_is_not_taken_for_damaged(bench: Any) -> None:
    path = close(bench)
    path.unlink()
    path.mkdir()
    with pytest.raises(RecordError, match="cannot be opened"):
        open_store(bench.folder)
    assert not list(bench.folder.glob("damaged-*"))


@given(
    at=st.floats(0, 1, exclude_max=True),
    noise=st.binary(min_size=1, max_size=6000),
    cut=st.booleans(),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_spoilt_no_wrong_event_is_ever_shown(
    bench: Any, tmp_path: Path, at: float, noise: bytes, cut: bool
) -> None:
    if not (tmp_path / "model").exists():
        bench.signed()
        close(bench)
        shutil.copytree(bench.folder, tmp_path / "model")
    folder = tmp_path / "spoilt"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tmp_path / "model", folder)
    path = folder / DATABASE_NAME
    data = bytearray(path.read_bytes())
    place = int(at * len(data))
    data[place : place + len(noise)] = b"" if cut else noise
    path.write_bytes(data[:place] if cut else data)
    try:
        store = open_store(folder)
    except RecordError:
        return
    with store:
        try:
            is_sound = store.verify_audit() == []
            found = [e.hash for e in store.reader.events("0001")]
        except RecordError:
            return
    with open_store(tmp_path / "model") as model:
        real = [e.hash for e in model.reader.events("0001")]
    if is_sound:
        assert found == real[: len(found)]


FIELDS = ("0001", "note", "2026-11-29T12:00:00", "ann", "", "{}")
END = Head(4, "a" * 64)


@pytest.mark.parametrize(
    ("seq", "before", "is_next"),
    [
        (5, END.hash, True),
        (4, END.hash, False),  # the same place again
        (6, END.hash, False),  # a gap
        (5, "b" * 64, False),  # behind another event
    ],
)
def test_an_event_follows_by_place_and_by_hash(
    seq: int, before: str, is_next: bool
) -> None:
    fields = (seq, *FIELDS, before)
    assert _follows((*fields, hash_of(*fields)), END) is is_next
    assert not _follows((*fields, "c" * 64), END)


def test_what_the_second_end_did_not_hear_of_is_signed_by_the_database(
    bench: Any,
) -> None:
    """A stop fell between the two; then a page was damaged."""
    bench.signed()
    second_end = (bench.folder / HEAD_NAME).read_bytes()
    bench.store.log.note("light", {"plasma_level": 1.0}, "ann")
    path = close(bench)
    (bench.folder / HEAD_NAME).write_bytes(second_end)
    spoil_page_of(path, "event_of_slide")
    found = bench.reopen().recovery
    assert (found.n_unsigned, found.n_lost, found.is_forged) == (0, 0, False)


def test_events_behind_the_known_end_that_another_signed_are_a_forgery(
    bench: Any,
) -> None:
    bench.signed()
    n, second_end = bench.store.log.head().seq, (bench.folder / HEAD_NAME).read_bytes()
    bench.store.log.note("light", {"plasma_level": 1.0}, "ann")
    path = close_without_copy(bench)
    (bench.folder / HEAD_NAME).write_bytes(second_end)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE head SET signature = ?", (bytes(64),))
    spoil_page_of(path, "event_of_slide")
    found = bench.reopen().recovery
    assert (found.is_forged, found.n_saved) == (True, n)


def test_an_end_without_a_signature_is_ours_where_the_second_end_is_there(
    bench: Any,
) -> None:
    bench.signed()
    path = close(bench)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM head")
    spoil_page_of(path, "event_of_slide")
    found = bench.reopen().recovery
    assert (found.n_unsigned, found.n_lost, found.is_forged) == (0, 0, False)


def test_without_any_signed_end_every_event_is_unsigned(bench: Any) -> None:
    bench.signed()
    n = bench.store.log.head().seq
    path = close_without_copy(bench)
    (bench.folder / HEAD_NAME).unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM head")
    spoil_page_of(path, "event_of_slide")
    found = bench.reopen().recovery
    assert (found.n_saved, found.n_unsigned) == (n, n)


def test_a_first_event_that_was_hashed_anew_is_a_forgery(bench: Any) -> None:
    bench.store.log.note("light", {"plasma_level": 1.0}, "ann")
    path = close_without_copy(bench)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for trigger in ("event_stays", "event_is_kept"):
            connection.execute(f"DROP TRIGGER {trigger}")
        (row,) = connection.execute(
            "SELECT seq, slide, kind, at, 'eve', key, body, previous FROM event"
        )
        connection.execute("UPDATE event SET by = 'eve', hash = ?", (hash_of(*row),))
        connection.execute("DELETE FROM head")
    spoil_page_of(path, "event_of_slide")
    found = bench.reopen().recovery
    assert (found.is_forged, found.n_saved, found.n_lost) == (True, 0, 1)
    assert "event 1 " in found.sentence


@pytest.mark.parametrize(
    ("stated", "size"),
    [
        (0, 4096),
        (1, 4096),
        (256, 4096),
        (512, 512),
        (1000, 4096),
        (1024, 1024),
        (32768, 32768),
    ],
)
def test_a_page_is_as_large_as_a_sound_header_says(
    tmp_path: Path, stated: int, size: int
) -> None:
    path = tmp_path / "some.sqlite"
    path.write_bytes(b"SQLite format 3\0" + stated.to_bytes(2, "big"))
    assert _page_bytes(path) == size
