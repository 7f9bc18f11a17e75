"""What a count writes: its start, its cells, its end, and its going on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.backups.sealing import PASSPHRASE
from tests.edge.records.bench import REFUSAL, make_cell

from leukoscope_edge.counting import Gathered
from leukoscope_edge.errors import StepError
from leukoscope_edge.inference import Card
from leukoscope_edge.live import Recorder
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Doubt, Refusal
from leukoscope_edge.records import open_store
from leukoscope_edge.records.backups import restore_backup, write_backup
from leukoscope_edge.records.slides import FramesSeen, SlideState
from leukoscope_edge.records.slides.slide_fold import NOT_GATHERED
from leukoscope_edge.types import Call, CallName, Reading, Tally


def test_a_stopped_count_is_found_again_and_goes_on_with_new_ids(bench: Any) -> None:
    slide = bench.counted(n=3)
    store = bench.reopen()
    assert [r.id for r in store.reader.unfinished()] == [slide]
    store.count.resume(slide, "ann")
    store.count.add_cells(slide, [make_cell(1)], frames={})
    record = store.reader.slide(slide)
    assert [c.id for c in record.cells] == ["1", "2", "3", "r2.1"]
    assert record.notes == ("counting stopped at 3 cells and went on",)
    assert [r.id for r in store.reader.unfinished()] == [slide]


def test_what_is_newly_known_of_a_cell_replaces_what_was(bench: Any) -> None:
    slide = bench.counted(n=3)
    bench.store.count.add_cells(
        slide, [make_cell(3, CallName.BLAST, 0.95)], frames={}, gone=["2"]
    )
    record = bench.store.reader.slide(slide)
    assert [(c.id, c.call.value) for c in record.cells] == [
        ("1", "blast"),
        ("3", "blast"),
    ]


@pytest.mark.parametrize(
    ("words", "is_gone"),
    [
        ((), True),
        ((Reading.NORMAL,), True),
        ((Reading.NOT_A_CELL,), True),
        ((Reading.UNCLEAR,), False),
        ((Reading.BLAST,), False),
        ((Reading.BLAST, Reading.NORMAL), False),
    ],
)
def test_a_cell_seen_twice_goes_unless_a_person_suspected_it(
    bench: Any, words: tuple[Reading, ...], *, is_gone: bool
) -> None:
    """While the lens counts on: her blast would be told nowhere."""
    slide = bench.counted(n=4)
    for n, word in enumerate(words):
        bench.store.review.judge_cell(slide, "3", word, f"reader {n}", key=f"j{n}")
    bench.store.count.add_cells(slide, [], frames={}, gone=["3", "4"])
    left = [c.id for c in bench.store.reader.slide(slide).cells]
    assert left == ["1", "2"] + ["3"] * (not is_gone)


def test_a_refusal_is_kept_without_an_interval(bench: Any) -> None:
    slide = bench.finished(verdict=REFUSAL)
    machine = bench.store.reader.slide(slide).machine
    assert machine.result == "none-possible"
    assert machine.blast_fraction_95 is None


def test_a_change_of_engine_is_a_note_of_the_slide(bench: Any) -> None:
    slide = bench.counted()
    bench.store.count.change_engine(slide, "onnxruntime-cpu", "the accelerator hangs")
    record = bench.store.reader.slide(slide)
    assert record.origin.engine == "onnxruntime-cpu"
    assert record.notes == ("the processor took over: the accelerator hangs",)


def test_a_count_that_is_over_goes_on_only_where_somebody_asks(bench: Any) -> None:
    slide = bench.finished()
    with pytest.raises(StepError, match="cannot resume while it is review"):
        bench.store.count.resume(slide, "ann")
    bench.store.count.resume(slide, "ann", more=True)
    assert bench.store.reader.slide(slide).state is SlideState.COUNTING
    signed = bench.signed()
    with pytest.raises(StepError, match="cannot count more while it is signed"):
        bench.store.count.resume(signed, "ann", more=True)
    bench.store.review.amend(signed, "", "ann")
    with pytest.raises(StepError, match="cannot count more while it is amending"):
        bench.store.count.resume(signed, "ann", more=True)


def test_what_a_cell_is_unlike_survives_a_resumption(bench: Any, card: Card) -> None:
    slide, strange = bench.counted(n=1), make_cell(2, CallName.UNCLEAR, 0.5)
    call = Call(name=CallName.UNCLEAR, p_blast=0.5, is_unlike=True)
    bench.store.count.add_cells(slide, [replace(strange, call=call)], frames={})
    cells = Recorder(bench.store, slide, card).go_on("ann")
    assert [c.call.is_unlike for c in cells if c.call] == [False, True]


SEEN = FramesSeen(
    gathered=Gathered(n_frames=3, statuses={"screened": 2, "skipped": 1}, n_lost=4),
    tally=Tally(frames={"screened": 2, "skipped": 1}, n_smudges=5),
    scale_um_per_px=0.1,
)


def test_what_frames_were_like_adds_up_over_stops_and_comes_back_from_a_backup(
    bench: Any, tmp_path: Path
) -> None:
    slide = bench.counted(n=1)
    for number in (2, 3):
        bench.store.count.resume(slide, "ann")
        bench.store.count.add_cells(slide, [make_cell(number)], frames={}, seen=SEEN)
    record = bench.reopen().reader.slide(slide)
    assert (record.gathered.n_frames, record.gathered.n_lost) == (6, 8)
    assert record.gathered.statuses == {"screened": 4, "skipped": 2}
    assert record.tally == SEEN.tally
    assert record.scales_um_per_px == (0.1,)
    file = write_backup(bench.store, tmp_path, PASSPHRASE, "ann")
    assert restore_backup(file, tmp_path / "new", PASSPHRASE, "ann") is None
    with open_store(tmp_path / "new") as store:
        assert store.reader.slide(slide) == record
        assert store.verify_audit() == []


@pytest.mark.parametrize(
    ("n_cells", "is_told", "expected"),
    [(0, False, ()), (1, False, (NOT_GATHERED,)), (1, True, ())],
    ids=["no cell", "older program", "this program"],
)
def test_where_nobody_kept_what_the_frames_were_like_that_is_doubted(
    bench: Any, n_cells: int, expected: tuple[Doubt, ...], *, is_told: bool
) -> None:
    slide = bench.counted(n=0)
    seen = SEEN if is_told else None
    cells = [make_cell(i + 1) for i in range(n_cells)]
    bench.store.count.add_cells(slide, cells, frames={}, seen=seen)
    for _ in range(2):
        bench.store.count.resume(slide, "ann")
        assert bench.store.reader.slide(slide).doubts == expected


def test_doubts_of_an_older_program_outlive_a_count_that_goes_on(bench: Any) -> None:
    slide = bench.counted()
    old = Doubt(reason=message("test"), cure=None, spoils_calls=True)
    refusal = Refusal(reason=message("test"))
    bench.store.count.finish_count(slide, refusal, "ann", tally=Tally(), doubts=[old])
    bench.store.count.resume(slide, "ann", more=True)
    assert bench.store.reader.slide(slide).doubts == (old, NOT_GATHERED)
