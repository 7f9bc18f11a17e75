"""The frames that are kept around cells: of whom, how large, within the budget."""

from dataclasses import replace

import numpy as np
import pytest
from tests.edge.web.stand_ins import Browser, fill_slide, make_cell

from leukoscope_edge.capture.simulated import SimulatedCamera, SlidePlan
from leukoscope_edge.inference.background import new_context
from leukoscope_edge.live import field_pictures as module
from leukoscope_edge.live.field_pictures import Fields, part_around
from leukoscope_edge.live.recorder import Keeper
from leukoscope_edge.records.pictures import from_png
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.records.slides.reproduce import look_again
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening import SlideRun
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


def test_a_count_keeps_a_field_for_all_that_the_first_look_shows(
    device: Device, browser: Browser
) -> None:
    slide = fill_slide(device, is_finished=False)
    camera = SimulatedCamera(SlidePlan(seed=3, cells=8, blasts=0.4, jerks=0, frames=30))
    run = SlideRun(
        device.engine,
        device.bundle,
        context=new_context(
            SIMULATED_SAMPLE, device.bundle.card, None, camera.scale_um_per_px
        ),
        scale_um_per_px=camera.scale_um_per_px,
        is_sequence=True,
    )
    keeper = Keeper(device.store, slide, device.bundle.card)
    with camera:
        while (item := camera.read()) is not None:
            looked = run.look(item)
            keeper.saw(item, looked)
            keeper.keep(run.cells())
    keeper.finish(run.finish("simulated"), "Amina")
    shown = first_pass(device.store.reader.slide(slide))
    assert shown
    without = [c.id for c in shown if c.field is None]
    assert without == []
    assert not device.store.verify_audit()
    again = look_again(
        device.store.reader.slide(slide),
        device.store.pictures,
        device.bundle,
        device.engine,
    )
    assert again.found_by == (THRESHOLDS,)
    assert again.n_found == again.n_cells >= len(shown)
    assert again.n_same >= again.n_found - 1  # a JPEG of one sighting, not a vote
    kept = shown[0].field
    assert kept is not None
    picture = browser.get(f"/api/slides/{slide}/cells/{shown[0].id}/field.jpg")
    assert picture.headers["content-type"] == "image/jpeg"
    x0, y0, x1, y1 = kept.box_px
    height, width = from_png(picture.content).shape[:2]
    assert 0 <= x0 < x1 <= width
    assert 0 <= y0 < y1 <= height


def test_a_cell_without_a_field_says_so(browser: Browser, device: Device) -> None:
    slide = fill_slide(device, n_blast=1)
    answer = browser.get(f"/api/slides/{slide}/cells/1/field.jpg")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no frame was kept of this cell"
