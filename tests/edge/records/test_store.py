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
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leukoscope_edge.durable import one_at_a_time
from leukoscope_edge.errors import RecordError, StepError
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.records.database import IS_BOUND, MIGRATIONS
from leukoscope_edge.records.events import NO_EVENT_HASH
from leukoscope_edge.records.keys import open_keys
from leukoscope_edge.records.slides.cell_record import MissedCell
from leukoscope_edge.records.slides.slide import Kind, SlideSetUp
from leukoscope_edge.records.slides.slide_state import SlideState
from leukoscope_edge.records.store import (
    COPY_FOLDER,
    DATABASE_NAME,
    ERASING,
    Store,
    open_store,
)
from leukoscope_edge.records.witnesses import read_only
from leukoscope_edge.types import CallName, Cell, Tally, Word

MISSED = MissedCell(
    frame="f1",
    frame_sha256="",
    box_px=(0, 0, 9, 9),
    slide_px=(4.0, 4.0),
    view=np.zeros((8, 8, 3), np.uint8),
)


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


def test_a_stopped_count_is_found_again_and_goes_on_with_new_ids(
    bench: Any, make_cell: Callable[..., Cell]
) -> None:
    slide = bench.counted(n=3)
    store = bench.reopen()
    assert [r.id for r in store.reader.unfinished()] == [slide]
    store.count.resume(slide, "ann")
    store.count.add_cells(slide, [make_cell(1)], frames={})
    record = store.reader.slide(slide)
    assert [c.id for c in record.cells] == ["1", "2", "3", "r2.1"]
    assert record.notes == ("counting stopped at 3 cells and went on",)
    assert [r.id for r in store.reader.unfinished()] == [slide]


def test_a_finished_slide_is_not_unfinished(bench: Any) -> None:
    bench.finished()
    assert bench.store.reader.unfinished() == []


def test_what_is_newly_known_of_a_cell_replaces_what_was(
    bench: Any, make_cell: Callable[..., Cell]
) -> None:
    slide = bench.counted(n=3)
    bench.store.count.add_cells(
        slide, [make_cell(3, CallName.BLAST, 0.95)], frames={}, gone=["2"]
    )
    record = bench.store.reader.slide(slide)
    assert [(c.id, c.call.value) for c in record.cells] == [
        ("1", "blast"),
        ("3", "blast"),
    ]


def test_the_same_key_acts_once(
    bench: Any, make_set_up: Callable[..., SlideSetUp], verdict: Verdict
) -> None:
    store = bench.store
    assert store.start_slide(make_set_up(), "ann", key="s") == store.start_slide(
        make_set_up(), "ann", key="s"
    )
    slide = bench.reviewed()
    for _ in range(2):
        missed = store.review.add_missed(slide, MISSED, "ann", key="m")
        assert missed == "m1"
        store.review.undo(slide, "ann", key="u")
        signature = store.review.sign(slide, lambda _: verdict, "ann", key="g")
        assert signature.version == 1
        store.review.amend(slide, "typo", "ann", key="a")
    kinds = [e.kind for e in store.reader.events(slide)]
    assert [kinds.count(k) for k in ("missed", "undo", "sign", "amend")] == [1] * 4


def test_a_key_is_not_taken_for_another_step(bench: Any) -> None:
    slide = bench.finished()
    bench.store.review.judge_cell(slide, "1", Word.BLAST, "ann", key="k")
    with pytest.raises(StepError, match="other words"):
        bench.store.review.judge_cell(slide, "1", Word.NORMAL, "ann", key="k")
    with pytest.raises(StepError, match="another step"):
        bench.store.review.undo(slide, "ann", key="k")


def test_a_missed_cell_that_was_taken_back_does_not_give_its_id_away(
    bench: Any,
) -> None:
    slide = bench.finished()
    for number in (1, 2):
        name = bench.store.review.add_missed(slide, MISSED, "ann", key=f"m{number}")
        assert name == f"m{number}"
        bench.store.review.undo(slide, "ann", key=f"u{number}")
    assert all(not c.id.startswith("m") for c in bench.store.reader.slide(slide).cells)


def test_nothing_is_signed_while_a_suspect_or_ten_others_are_not_judged(
    bench: Any, verdict: Verdict
) -> None:
    slide = bench.finished(n=14)
    record = bench.store.reader.slide(slide)
    assert [c.id for c in record.to_review] == ["1", "2"]
    assert record.n_others_left == 10
    with pytest.raises(StepError, match="12 cells are still to be judged"):
        bench.store.review.sign(slide, lambda _: verdict, "ann", key="early")
    assert bench.store.reader.slide(slide).signatures == ()


def test_an_amended_slide_keeps_its_signed_version(
    bench: Any, verdict: Verdict
) -> None:
    slide = bench.signed()
    first = bench.store.reader.slide(slide).signatures[0]
    bench.store.review.amend(slide, "second look", "ann")
    bench.store.review.judge_cell(slide, "1", Word.NORMAL, "ann", key="again")
    bench.store.review.sign(slide, lambda _: verdict, "eve", key="v2")
    record = bench.store.reader.slide(slide)
    assert [(s.version, s.by) for s in record.signatures] == [(1, "ann"), (2, "eve")]
    assert record.cells[0].word is Word.NORMAL
    assert bench.store.reader.slide_at(slide, first.seq).cells[0].word is Word.BLAST


@pytest.mark.parametrize(
    ("made", "step", "message"),
    [
        ("counted", "sign", "cannot sign while it is paused"),
        ("counted", "amend", "cannot amend while it is paused"),
        ("finished", "finish", "cannot finish while it is review"),
        ("finished", "undo", "nothing to take back"),
        ("signed", "undo", "cannot undo while it is signed"),
        ("signed", "judge", "cannot judge while it is signed"),
        ("signed", "resume", "cannot resume while it is signed"),
        ("finished", "judge-none", "there is no cell 99"),
    ],
)
def test_a_step_out_of_turn_is_refused_and_writes_nothing(
    bench: Any, verdict: Verdict, made: str, step: str, message: str
) -> None:
    slide, store = getattr(bench, made)(), bench.store
    steps: dict[str, Callable[[], object]] = {
        "sign": lambda: store.review.sign(slide, lambda _: verdict, "ann", key="x"),
        "amend": lambda: store.review.amend(slide, "", "ann"),
        "finish": lambda: store.count.finish_count(
            slide, verdict, "ann", tally=Tally()
        ),
        "undo": lambda: store.review.undo(slide, "ann", key="x"),
        "judge": lambda: store.review.judge_cell(
            slide, "1", Word.BLAST, "ann", key="x"
        ),
        "judge-none": lambda: store.review.judge_cell(
            slide, "99", Word.BLAST, "ann", key="x"
        ),
        "resume": lambda: store.count.resume(slide, "ann"),
    }
    head = store.log.head()
    with pytest.raises(StepError, match=message):
        steps[step]()
    assert store.log.head() == head


def test_an_unknown_slide_is_refused_by_name(bench: Any) -> None:
    with pytest.raises(StepError, match="no slide 0007"):
        bench.store.reader.slide("0007")
    with pytest.raises(StepError, match="no slide 0007"):
        bench.store.count.resume("0007", "ann")


def test_a_refusal_is_kept_without_an_interval(bench: Any, refusal: Refusal) -> None:
    slide = bench.finished(verdict=refusal)
    machine = bench.store.reader.slide(slide).machine
    assert machine.result == "none-possible"
    assert machine.blast_fraction_95 is None


def test_a_change_of_engine_is_a_note_of_the_slide(bench: Any) -> None:
    slide = bench.counted()
    bench.store.count.change_engine(slide, "onnxruntime-cpu", "the accelerator hangs")
    record = bench.store.reader.slide(slide)
    assert record.origin.engine == "onnxruntime-cpu"
    assert record.notes == ("the processor took over: the accelerator hangs",)


def test_slides_of_one_sample_are_found_by_its_label(bench: Any) -> None:
    first, other = bench.counted(sample="A"), bench.counted(sample="B")
    second = bench.counted(sample="A")
    assert bench.store.worklist.slides_of("A") == [first, second]
    assert bench.store.worklist.slides_of("B") == [other]
    assert bench.store.worklist.slides_of("C") == []
    assert [r.id for r in bench.store.reader.slides(limit=2)] == [second, other]


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


def test_records_of_a_newer_program_are_left_alone(bench: Any) -> None:
    bench.store.close()
    connection = sqlite3.connect(bench.folder / DATABASE_NAME)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(RecordError, match="update the software"):
        open_store(bench.folder)


def test_records_of_format_1_are_brought_up_to_date(bench: Any) -> None:
    """It had no list of the device's notes."""
    bench.store.log.note("light", {"plasma_level": 1.0}, "ann")
    slide = bench.signed()
    bench.store.log.note("light", {"plasma_level": 2.0}, "ann")
    bench.store.close()
    connection = sqlite3.connect(bench.folder / DATABASE_NAME)
    connection.executescript(
        "DROP TABLE worklist; DROP TABLE note; DROP INDEX bound_of_slide; "
        "PRAGMA user_version = 1"
    )
    connection.close()
    told: list[str] = []
    Store(bench.folder, on_long_work=lambda: told.append("old")).close()
    assert told == ["old"]
    store = bench.reopen()
    assert store.recovery is None
    levels = [e.body["facts"]["plasma_level"] for e in store.log.notes("light")]
    assert levels == [1.0, 2.0]
    assert store.reader.slide(slide).signatures
    assert store.reader.unfinished() == []
    assert store.verify_audit() == []


def test_what_began_and_ended_is_found_without_reading_every_event(bench: Any) -> None:
    for query in (
        f"SELECT slide, kind, max(seq) FROM event WHERE {IS_BOUND} GROUP BY slide",
        f"SELECT body FROM event WHERE {IS_BOUND} AND kind = 'start' ORDER BY seq",
    ):
        plan = bench.store._ledger.rows(f"EXPLAIN QUERY PLAN {query}")
        assert "bound_of_slide" in str(plan)
    assert {k.value for k in (Kind.START, Kind.RESUME, Kind.FINISH)} == set(
        re.findall(r"'(\w+)'", IS_BOUND)
    )


def test_notes_are_read_from_either_end(bench: Any) -> None:
    for number in range(5):
        for what in ("light", "other"):
            bench.store.log.note(what, {"n": number}, "ann")

    def numbers(*what: str, **which: int) -> list[int]:
        return [e.body["facts"]["n"] for e in bench.store.log.notes(*what, **which)]

    assert numbers("light") == [0, 1, 2, 3, 4]
    assert numbers("light", newest=2) == [3, 4]
    assert numbers("light", oldest=2) == [0, 1]
    (_, second, *_) = bench.store.log.notes("light")
    assert numbers("light", after=second.seq, oldest=2) == [2, 3]
    assert numbers("light", after=second.seq, newest=9) == [2, 3, 4]
    assert numbers(newest=3) == [3, 4, 4]
    assert numbers("nothing") == []


def test_threads_and_a_second_process_write_one_chain(bench: Any) -> None:
    slide = bench.finished(n=12)
    other = open_store(bench.folder)

    def judge(store: Store, name: str) -> None:
        for i in range(1, 13):
            store.review.judge_cell(slide, str(i), Word.NORMAL, name, key=f"{name}{i}")

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


@pytest.mark.parametrize(
    "clock",
    [
        datetime(1970, 1, 1, tzinfo=timezone.utc),
        datetime(2050, 1, 1, tzinfo=timezone.utc),
    ],
)
def test_order_is_by_number_whatever_the_clock_says(
    tmp_path: Path, make_set_up: Callable[..., SlideSetUp], clock: datetime
) -> None:
    times = iter([clock.replace(year=2026), clock])
    with Store(tmp_path / "r", now=lambda: next(times, clock)) as store:
        slides = [store.start_slide(make_set_up(), "ann") for _ in range(3)]
        assert [r.id for r in store.reader.slides()] == slides[::-1]
        assert store.verify_audit() == []


def test_the_copy_is_renewed_with_the_first_slide_of_a_day(
    tmp_path: Path, make_set_up: Callable[..., SlideSetUp]
) -> None:
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
    assert "The copy of the records could not be made" in said
    (bench.folder / COPY_FOLDER).unlink()
    bench.counted(sample="B")
    bench.store.end_copy()
    assert bench.store.troubles == []


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import Bench
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
    script = FULL_DISK.format(
        tests=str(Path(__file__).parent), folder=str(bench.folder), limit=300_000
    )
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
