"""A slide judged again from what was kept: the same, or every difference said."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from tests.simulated import camera_on, simulated_bundle

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.errors import RecordError
from leukoscope_edge.inference import Bundle
from leukoscope_edge.records.slides import ArchivedCell, FieldPicture, SlideRecord
from leukoscope_edge.records.slides.reproduce import (
    MAX_P_DIFFERENCE,
    FieldsAgain,
    look_again,
    reproduce_slide,
)
from leukoscope_edge.types import THRESHOLDS, Call, CallName, Frame
from leukoscope_edge.vision import find_sightings, segment

SURE = -50.0
"""A margin at which no probability is left for a blast."""


@dataclass
class SaysOne:
    """An engine that says the same of every crop."""

    margin: float = SURE
    name: str = "says one"
    fallback: str = ""
    is_accelerated: bool = False

    def run(self, crops: U8) -> F32:
        return np.tile(np.array([0, self.margin], np.float32), (len(crops), 1))

    def __enter__(self) -> "SaysOne":
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return simulated_bundle()


@pytest.fixture
def record(bench: Any, bundle: Bundle) -> SlideRecord:
    """A slide of two cells that the bundle judged."""
    found: SlideRecord = bench.store.reader.slide(bench.finished(n=2))
    sha256 = bundle.card.model_cpu.sha256
    return replace(found, origin=replace(found.origin, bundle_sha256=sha256))


def was(record: SlideRecord, place: int, name: CallName, p: float) -> ArchivedCell:
    crops = np.zeros((2, 8, 8, 3), np.uint8)
    then = Call(name=name, p_blast=p)
    return ArchivedCell(record=record, cell=record.cells[place], then=then, crops=crops)


def test_a_slide_without_a_cell_differs_nowhere(
    record: SlideRecord, bundle: Bundle
) -> None:
    made = reproduce_slide(record, [], bundle, SaysOne())
    assert (made.n_cells, made.largest_difference, made.differences) == (0, 0.0, ())


def test_the_same_calls_are_no_difference(record: SlideRecord, bundle: Bundle) -> None:
    cells = [was(record, i, CallName.NORMAL, 0.0) for i in (0, 1)]
    made = reproduce_slide(record, cells, bundle, SaysOne())
    assert (made.n_cells, made.differences) == (2, ())
    assert made.largest_difference == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("p", "differs"),
    [(MAX_P_DIFFERENCE * 0.99, False), (MAX_P_DIFFERENCE * 1.01, True)],
)
def test_a_probability_further_away_than_machines_explain_is_a_difference(
    record: SlideRecord, bundle: Bundle, p: float, *, differs: bool
) -> None:
    made = reproduce_slide(
        record, [was(record, 0, CallName.NORMAL, p)], bundle, SaysOne()
    )
    assert bool(made.differences) is differs
    assert made.largest_difference == pytest.approx(p)


def test_another_call_is_named_with_what_it_was(
    record: SlideRecord, bundle: Bundle
) -> None:
    cells = [was(record, 0, CallName.NORMAL, 0.0), was(record, 1, CallName.BLAST, 0.9)]
    [one] = reproduce_slide(record, cells, bundle, SaysOne()).differences
    assert (one.cell, one.was, one.now) == ("2", "blast 0.9000", "normal 0.0000")


@pytest.mark.parametrize(
    ("scale", "off_scale", "p", "differs"),
    [
        (0.1, False, 0.0, True),
        (0.1, True, 0.0, False),
        (0.1, True, 0.5, True),
        (None, False, 0.0, False),
        (None, False, 0.5, True),
    ],
)
def test_a_call_that_was_withheld_for_its_scale_differs_by_its_probability_alone(
    record: SlideRecord,
    bundle: Bundle,
    *,
    scale: float | None,
    off_scale: bool,
    p: float,
    differs: bool,
) -> None:
    slide = replace(record, origin=replace(record.origin, scale_um_per_px=scale))
    cell = was(slide, 0, CallName.UNCLEAR, p)
    cell = replace(cell, cell=replace(cell.cell, is_off_scale=off_scale))
    made = reproduce_slide(slide, [cell], bundle, SaysOne())
    assert bool(made.differences) is differs


def test_an_answer_that_is_no_number_is_a_difference(
    record: SlideRecord, bundle: Bundle
) -> None:
    cells = [was(record, 0, CallName.UNCLEAR, 0.5)]
    assert reproduce_slide(record, cells, bundle, SaysOne(float("nan"))).differences


def test_cells_that_an_edge_cut_off_are_passed_over(
    record: SlideRecord, bundle: Bundle
) -> None:
    half = was(record, 0, CallName.BLAST, 0.9)
    half = replace(half, cell=replace(half.cell, is_counted=False))
    assert reproduce_slide(record, [half], bundle, SaysOne()).n_cells == 0


@pytest.mark.parametrize("ask", ["reproduce_slide", "look again"])
def test_by_another_model_or_without_pictures_nothing_is_made_again(
    bench: Any, record: SlideRecord, bundle: Bundle, ask: str
) -> None:
    other = replace(record, origin=replace(record.origin, bundle_sha256="ef" * 32))
    for wrong, why in (
        (other, "was judged by red-test .*, not by simulated-1"),
        (replace(record, has_pictures=False), "its pictures were taken away"),
    ):
        with pytest.raises(RecordError, match=why):
            if ask == "reproduce":
                reproduce_slide(wrong, [], bundle, SaysOne())
            else:
                look_again(wrong, bench.store.pictures, bundle, SaysOne())


def with_kept_frame(
    bench: Any, record: SlideRecord, bundle: Bundle, found_by: str = THRESHOLDS
) -> SlideRecord:
    """A slide whose cells are those of a drawn frame that was kept."""
    camera = camera_on("simulated:seed=3,cells=30")
    scale, pixels = camera.scale_um_per_px, camera.render(0)
    frame = Frame(name="f1", pixels=pixels, time_s=0.0)
    seen = find_sightings(
        frame, segment(pixels, scale), (0.0, 0.0), bundle.card.input.crop_spec
    )
    file = bench.store.pictures.keep(record.id, pixels)
    cells = {
        str(n): replace(
            record.cells[0],
            id=str(n),
            call=CallName.NORMAL,
            p_blast=0.25,
            field=FieldPicture(
                file=file, frame="f1", box_px=detection.box_px, found_by=found_by
            ),
        )
        for n, detection in enumerate(seen.whole, start=1)
    }
    origin = replace(record.origin, scale_um_per_px=scale)
    return replace(record, machine_cells=cells, origin=origin)


def test_where_no_frame_was_kept_nothing_is_looked_at(
    bench: Any, record: SlideRecord, bundle: Bundle
) -> None:
    pictures = bench.store.pictures
    assert look_again(record, pictures, bundle, SaysOne()) == FieldsAgain()
    unscaled = replace(record, origin=replace(record.origin, scale_um_per_px=None))
    assert look_again(unscaled, pictures, bundle, SaysOne()) == FieldsAgain()


def test_the_cells_of_a_kept_frame_are_found_where_they_were(
    bench: Any, record: SlideRecord, bundle: Bundle
) -> None:
    kept = with_kept_frame(bench, record, bundle)
    again = look_again(kept, bench.store.pictures, bundle, SaysOne())
    assert again.n_cells == again.n_found == again.n_same == len(kept.machine_cells) > 0
    assert again.largest_difference == pytest.approx(0.25)
    assert again.found_by == (THRESHOLDS,)
    otherwise = look_again(kept, bench.store.pictures, bundle, SaysOne(-SURE))
    assert (otherwise.n_found, otherwise.n_same) == (again.n_found, 0)
    assert otherwise.largest_difference == pytest.approx(0.75)
    cells = {
        i: replace(c, call=CallName.UNCLEAR, is_off_scale=i == "1")
        for i, c in kept.machine_cells.items()
    }
    withheld = replace(kept, machine_cells=cells)
    again = look_again(withheld, bench.store.pictures, bundle, SaysOne())
    assert again.n_same == 1


@pytest.mark.parametrize(
    ("part_x", "part_y", "n_found"),
    [(0.2, 0.0, 1), (0.0, 0.2, 1), (0.5, 0.0, 0), (0.0, 0.5, 0), (-5.0, 0.0, 0)],
)
def test_a_cell_that_lay_half_elsewhere_is_not_found(
    bench: Any,
    record: SlideRecord,
    bundle: Bundle,
    part_x: float,
    part_y: float,
    n_found: int,
) -> None:
    """A box moved by a fifth of its side covers two thirds, by half a third."""
    kept = with_kept_frame(bench, record, bundle)
    first = kept.machine_cells["1"]
    assert first.field
    x0, y0, x1, y1 = first.field.box_px
    dx, dy = round(part_x * (x1 - x0)), round(part_y * (y1 - y0))
    box_px = (x0 + dx, y0 + dy, x1 + dx, y1 + dy)
    moved = replace(first, field=replace(first.field, box_px=box_px))
    kept = replace(kept, machine_cells={"1": moved})
    again = look_again(kept, bench.store.pictures, bundle, SaysOne())
    assert (again.n_cells, again.n_found) == (1, n_found)


def test_what_found_the_cells_and_is_not_here_is_named(
    bench: Any, record: SlideRecord, bundle: Bundle
) -> None:
    kept = with_kept_frame(bench, record, bundle, found_by="a-network")
    with pytest.raises(RecordError, match="were found by a-network, which does not"):
        look_again(kept, bench.store.pictures, bundle, SaysOne())
