"""The frames that are kept around cells: of whom, how large, within the budget."""

from dataclasses import replace

import numpy as np
import pytest
from tests.edge.web.stand_ins import Browser, fill_slide, make_cell

from leukoscope_edge.live import field_pictures as module
from leukoscope_edge.live.field_pictures import Fields, part_around
from leukoscope_edge.types import THRESHOLDS, CallName, Cell, Frame
from leukoscope_edge.web.device import Device


def frame(name: str, side_px: int = 80) -> Frame:
    random = np.random.default_rng(len(name))
    pixels = random.integers(0, 255, (side_px, side_px, 3)).astype(np.uint8)
    return Frame(name=name, pixels=pixels, time_s=0.0)


def seen_in(cell: Cell, name: str) -> Cell:
    """The same cell, with this frame as its sharpest."""
    best = replace(cell.best, frame=name)
    return replace(cell, sightings=(best, *cell.sightings[:1]))


@pytest.mark.parametrize(
    ("box", "side", "start"),
    [
        ((0, 0, 10, 10), 100, (0, 0)),
        ((0, 0, 10, 10), 20, (0, 0)),
        ((40, 30, 60, 50), 20, (40, 30)),
        ((90, 50, 100, 60), 20, (80, 40)),
    ],
)
def test_of_a_large_frame_the_part_around_the_cell_is_kept(
    box: tuple[int, int, int, int], side: int, start: tuple[int, int]
) -> None:
    pixels = np.arange(60 * 100 * 3, dtype=np.uint32).reshape(60, 100, 3)
    found, part = part_around(pixels.astype(np.uint8), box, side)
    assert found == start
    assert part.shape == (min(side, 60), min(side, 100), 3)
    x, y = start
    assert (part == pixels.astype(np.uint8)[y : y + side, x : x + side]).all()


def test_the_first_frame_is_kept_at_once_and_the_sharpest_at_a_pause(
    device: Device,
) -> None:
    slide = fill_slide(device, is_finished=False)
    fields = Fields(device.store.pictures, slide)
    cell = make_cell(1, CallName.BLAST)
    assert not fields.keep([seen_in(cell, "a")], everything=False)  # it saw no frame
    fields.saw(frame("a"), THRESHOLDS)
    kept = fields.keep([seen_in(cell, "a")], everything=False)[1]
    assert (kept.frame, kept.box_px) == ("a", (10, 10, 60, 60))
    fields.saw(frame("bb"), "a network")
    assert not fields.keep([seen_in(cell, "bb")], everything=False)
    fields.saw(frame("ccc"), THRESHOLDS)
    assert not fields.keep([seen_in(cell, "bb")], everything=False)
    sharper = fields.keep([seen_in(cell, "bb")], everything=True)[1]
    assert (sharper.frame, sharper.found_by) == ("bb", "a network")
    assert not fields.keep([seen_in(cell, "bb")], everything=True)


def test_a_frame_that_was_searched_late_is_kept_beside_the_one_that_came_next(
    device: Device,
) -> None:
    slide = fill_slide(device, is_finished=False)
    fields = Fields(device.store.pictures, slide)
    fields.saw(frame("held"), THRESHOLDS)
    fields.saw(frame("next"), THRESHOLDS)
    late = seen_in(make_cell(1, CallName.BLAST), "held")
    assert fields.keep([late], everything=False)[1].frame == "held"


def test_beyond_its_budget_a_slide_keeps_no_more(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide = fill_slide(device, is_finished=False)
    fields = Fields(device.store.pictures, slide)
    fields.saw(frame("a"), THRESHOLDS)
    assert fields.keep([seen_in(make_cell(1, CallName.BLAST), "a")], everything=False)
    full = device.store.pictures.n_jpeg_bytes(slide) + 10
    monkeypatch.setattr(module, "BUDGET_BYTES", full)
    fields.saw(frame("bb"), "a network")
    others = [seen_in(make_cell(2, CallName.NORMAL), "bb")]
    assert not fields.keep(others, everything=False)
    suspects = [seen_in(make_cell(3, CallName.BLAST), "bb")]
    assert fields.keep(suspects, everything=False)  # every suspect's field is kept
    monkeypatch.setattr(module, "SUSPECTS_BUDGET_BYTES", full)
    fields.saw(frame("ccc"), "a network")
    assert not fields.keep(
        [seen_in(make_cell(4, CallName.BLAST), "ccc")], everything=False
    )


def test_a_cell_without_a_field_says_so(browser: Browser, device: Device) -> None:
    slide = fill_slide(device, n_blast=1)
    answer = browser.get(f"/api/slides/{slide}/cells/1/field.jpg")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no frame was kept of this cell"
