"""A camera that fails in the middle of a slide costs time, not cells."""

import pytest
from tests.simulated import camera_on, simulated_bundle

from leukoscope_edge.capture import SimulatedCamera
from leukoscope_edge.inference import OnnxCpuEngine
from leukoscope_edge.messages import message
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening import screen
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.types import Fault, Frame

SLIDE = "simulated:seed=3,cells=24,frames=20"


class Unplugged:
    """A simulated camera that is unplugged for a while before one frame.

    The hand holds still meanwhile: the next frame is the one that was to come.
    """

    domain = "simulated"

    def __init__(self, camera: SimulatedCamera, before: int, n_faults: int) -> None:
        self._camera = camera
        self._before, self._left = before, n_faults
        self._number = 0
        self.scale_um_per_px = camera.scale_um_per_px
        self.n_frames = None

    def read(self) -> Frame | Fault | None:
        if self._number == self._before and self._left:
            self._left -= 1
            return Fault(name="gap", reason=message("camera-starts"))
        self._number += 1
        return self._camera.read()

    def __enter__(self) -> "Unplugged":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def screened(n_faults: int) -> Screening:
    bundle = simulated_bundle()
    camera = Unplugged(camera_on(SLIDE), before=10, n_faults=n_faults)
    with OnnxCpuEngine(bundle, n_threads=1) as engine:
        return screen(
            camera,
            engine,
            bundle,
            source=SLIDE,
            is_sequence=True,
            facts=SIMULATED_SAMPLE,
        )


@pytest.mark.slow
def test_no_cell_is_lost_or_counted_twice_when_the_camera_was_away() -> None:
    whole, interrupted = screened(0), screened(5)
    skipped = [i for i in interrupted.images if i.status == "skipped"]
    assert len(skipped) == 5
    assert len(whole.cells) > 3
    assert [c.best.slide_px for c in interrupted.cells] == [
        c.best.slide_px for c in whole.cells
    ]
    assert interrupted.sentence.startswith(whole.sentence)
    assert "images could be judged" in interrupted.sentence
