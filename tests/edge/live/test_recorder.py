"""What a running count keeps in the records."""

from tests.edge.web.stand_ins import Browser, fill_slide

from leukoscope_edge.capture import SimulatedCamera, SlidePlan
from leukoscope_edge.inference import new_context
from leukoscope_edge.live.recorder import Recorder
from leukoscope_edge.records import from_png
from leukoscope_edge.records.slides import look_again
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening import SlideRun
from leukoscope_edge.types import THRESHOLDS
from leukoscope_edge.web.device import Device


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
    recorder = Recorder(device.store, slide, device.bundle.card)
    with camera:
        while (item := camera.read()) is not None:
            looked = run.look(item)
            recorder.saw(item, looked)
            recorder.keep(run.cells(), run.tally())
    recorder.finish(run.finish("simulated"), "Amina")
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
