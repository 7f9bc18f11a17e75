"""A calibrated camera: its scale, even light, and frames of one size."""

from dataclasses import replace

import pytest
from tests.edge.capture.shown import ShownCamera, grey
from tests.edge.vision.scale.test_stage_micrometer import OWN

from leukoscope_edge.capture.calibrated import with_calibration
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.types import Frame
from leukoscope_edge.vision.flatfield import GRID_PX
from leukoscope_edge.vision.scale import Calibration

N_LIGHT = GRID_PX[0] * GRID_PX[1] * 3


def calibration(*flat_light: float) -> Calibration:
    return replace(
        OWN, width_px=64, height_px=48, um_per_px=0.25, flat_light=flat_light
    )


def first(own: Calibration, shape: tuple[int, int] = (48, 64)) -> Frame:
    with with_calibration(ShownCamera([grey("field", 100, shape)]), own) as camera:
        assert camera.scale_um_per_px == 0.25
        frame = camera.read()
    assert isinstance(frame, Frame)
    return frame


def test_without_a_flat_field_a_frame_stays_as_it_is() -> None:
    assert (first(calibration()).pixels == 100).all()


def test_a_frame_is_divided_by_the_recorded_light() -> None:
    frame = first(calibration(*[0.5] * N_LIGHT))
    assert (frame.pixels == 200).all()
    assert frame.name == "field"


@pytest.mark.parametrize("shape", [(48, 63), (47, 64), (96, 128)])
def test_a_frame_of_another_size_is_refused_by_name(shape: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match=r"field: calibrated at 64 x 48.*again"):
        first(calibration(), shape)
