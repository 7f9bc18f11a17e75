"""A slide's cells with their pictures: kept, read again, checked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.edge.records.bench import make_cell

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import Pictures
from leukoscope_edge.records.slides import FieldPicture
from leukoscope_edge.records.slides.cell_archive import (
    archived,
    keep_cell,
    may_be_withheld,
    picture_problems,
)
from leukoscope_edge.types import CallName

FIELD = FieldPicture(file="", frame="f1", box_px=(1, 2, 3, 4), found_by="thresholds")


@pytest.fixture
def pictures(bench: Any) -> Pictures:
    found: Pictures = bench.store.pictures
    return found


def picture_of(bench: Any, slide: str, name: str) -> Path:
    return Path(bench.folder) / "pictures" / slide / name


def test_a_cell_without_a_call_is_not_kept(bench: Any, pictures: Pictures) -> None:
    record = bench.store.reader.slide(bench.counted(n=1))
    with pytest.raises(ValueError, match="cell 5 has no call yet"):
        keep_cell(pictures, record, replace(make_cell(5), call=None), "")


def test_a_frame_that_is_known_stays_until_there_is_another(
    bench: Any, pictures: Pictures
) -> None:
    record = bench.store.reader.slide(bench.counted(n=1))
    known = replace(record.machine_cells["1"], field=FIELD)
    record = replace(record, machine_cells={"1": known})
    other = replace(FIELD, frame="f2")
    assert keep_cell(pictures, record, make_cell(1), "").field == FIELD
    assert keep_cell(pictures, record, make_cell(1), "", other).field == other
    assert keep_cell(pictures, record, make_cell(2), "").field is None


def test_a_cell_of_a_later_run_has_an_id_of_its_own(
    bench: Any, pictures: Pictures
) -> None:
    record = bench.store.reader.slide(bench.counted(n=1))
    assert keep_cell(pictures, record, make_cell(4), "").id == "4"
    assert keep_cell(pictures, replace(record, run=2), make_cell(4), "").id == "r2.4"


def test_the_crops_that_a_model_judged_come_back(
    bench: Any, pictures: Pictures
) -> None:
    record = bench.store.reader.slide(bench.counted(n=3))
    found = list(archived(pictures, record))
    assert [a.cell.id for a in found] == ["1", "2", "3"]
    assert [a.then.p_blast for a in found] == [0.9, 0.3, 0.3]
    crops = np.stack([s.crop for s in make_cell(1).sightings])
    assert np.array_equal(found[0].crops, crops)


@pytest.mark.parametrize(
    "unjudged", [{"call": None}, {"p_blast": None}, {"call": None, "p_blast": None}]
)
def test_a_cell_that_no_model_judged_is_not_among_them(
    bench: Any, pictures: Pictures, unjudged: dict[str, None]
) -> None:
    record = bench.store.reader.slide(bench.counted(n=2))
    changed = replace(record.machine_cells["1"], **unjudged)
    record = replace(record, machine_cells=record.machine_cells | {"1": changed})
    assert [a.cell.id for a in archived(pictures, record)] == ["2"]


def test_of_pictures_that_were_taken_away_nothing_is_asked(
    bench: Any, pictures: Pictures
) -> None:
    slide = bench.signed()
    bench.store.review.drop_pictures(slide, "ann")
    record = bench.store.reader.slide(slide)
    assert list(archived(pictures, record)) == []
    assert list(picture_problems(pictures, record)) == []


def test_a_crop_that_is_missing_is_said_and_not_passed_over(
    bench: Any, pictures: Pictures
) -> None:
    record = bench.store.reader.slide(bench.counted(n=2))
    picture_of(bench, record.id, record.cells[1].crops).unlink()
    with pytest.raises(RecordError, match="cannot be read"):
        list(archived(pictures, record))


def test_every_picture_that_is_not_what_it_was_is_a_problem(
    bench: Any, pictures: Pictures
) -> None:
    record = bench.store.reader.slide(bench.counted(n=2))
    assert list(picture_problems(pictures, record)) == []
    picture_of(bench, record.id, record.cells[0].view).write_bytes(b"another")
    picture_of(bench, record.id, record.cells[1].crops).unlink()
    problems = list(picture_problems(pictures, record))
    assert len(problems) == 2
    assert {p.seq for p in problems} == {record.seq}


@pytest.mark.parametrize(
    ("scale", "off_scale", "call", "is_so"),
    [
        (0.1, False, CallName.UNCLEAR, False),
        (0.1, True, CallName.UNCLEAR, True),
        (None, False, CallName.UNCLEAR, True),
        (None, True, CallName.UNCLEAR, True),
        (None, False, CallName.BLAST, False),
    ],
)
def test_an_unclear_call_is_a_withheld_one_off_the_scale_or_where_none_was_given(
    bench: Any,
    pictures: Pictures,
    *,
    scale: float | None,
    off_scale: bool,
    call: CallName,
    is_so: bool,
) -> None:
    record = bench.store.reader.slide(bench.counted(n=1))
    (cell,) = archived(pictures, record)
    origin = replace(record.origin, scale_um_per_px=scale)
    cell = replace(
        cell,
        record=replace(record, origin=origin),
        cell=replace(cell.cell, is_off_scale=off_scale),
        then=replace(cell.then, name=call),
    )
    assert may_be_withheld(cell) is is_so
