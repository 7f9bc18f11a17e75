"""A calibration: whose it is, for which frames, and what a new slide offers."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.edge.web.stand_ins import NAME

from leukoscope_edge.capture.stored import ImageReplay
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.profile import CameraEntry
from leukoscope_edge.quality import (
    Scale,
    camera_scale,
    keep_scale,
    measure_scale,
    of_this_size,
    usual_objective,
)
from leukoscope_edge.records.slides import Identity, SlideSetUp
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import Frame
from leukoscope_edge.web.device import Device

REAL = CameraEntry(source="camera-1", frames_per_second=10.0)


@pytest.mark.parametrize(
    ("end", "length_um", "expected"),
    [((100.0, 0.0), 10.0, 0.1), ((30.0, 40.0), 5.0, 0.1), ((0.0, 1000.0), 50.0, 0.05)],
)
def test_two_taps_give_the_scale(
    end: tuple[float, float], length_um: float, expected: float
) -> None:
    assert measure_scale((0.0, 0.0), end, length_um) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("end", "length_um", "why"),
    [
        ((0.0, 0.0), 10.0, "longer one"),
        ((49.0, 0.0), 10.0, "longer one"),
        ((1000.0, 0.0), 1.0, "check the length"),
        ((100.0, 0.0), 1000.0, "check the length"),
    ],
)
def test_a_scale_of_no_microscope_is_refused(
    end: tuple[float, float], length_um: float, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        measure_scale((0.0, 0.0), end, length_um)


def test_a_calibration_is_for_its_own_camera(device: Device) -> None:
    assert camera_scale(device.store, REAL) is None
    for um_per_px in (0.08, 0.09):
        keep_scale(device.store, REAL, "100x", Scale(um_per_px=um_per_px), NAME)
    assert camera_scale(device.store, REAL) == Scale(um_per_px=0.09)
    assert camera_scale(device.store, REAL, "40x") is None
    other = CameraEntry(source="camera-2", frames_per_second=10.0)
    assert camera_scale(device.store, other) is None


def test_a_calibration_from_before_objectives_were_kept_is_the_main_ones(
    device: Device,
) -> None:
    device.store.log.note("calibration", {"camera": "camera-1", "um_per_px": 0.1}, NAME)
    assert camera_scale(device.store, REAL) == Scale(um_per_px=0.1)
    assert camera_scale(device.store, REAL, "40x") is None


@pytest.mark.parametrize(
    ("profile", "measured", "slide", "expected"),
    [
        ("100x", [], "", "100x"),
        ("40x", [], "", "40x"),
        ("100x", ["50x"], "", "50x"),  # the profile's own is not calibrated
        ("100x", ["100x", "50x"], "", "50x"),
        ("100x", ["100x", "50x"], "100x", "100x"),
        ("100x", ["50x"], "40x", "50x"),  # no slide is begun at a wrong scale
        ("100x", [], "40x", "40x"),
        ("63x", [], "", "63x"),  # none is marked: a person must choose
    ],
)
def test_a_new_slide_offers_the_objective_that_was_in_use_last(
    device: Device, profile: str, measured: list[str], slide: str, expected: str
) -> None:
    camera = replace(REAL, objective=profile)
    for objective in measured:
        keep_scale(device.store, camera, objective, Scale(um_per_px=0.1), NAME)
    if slide:
        own = replace(device, profile=replace(device.profile, camera=camera))
        new = SlideSetUp(
            identity=Identity(sample="S-1"),
            facts=SIMULATED_SAMPLE,
            mode="slide",
            domain="simulated",
            origin=own.origin(slide),
            details={"objective": slide},
        )
        device.store.start_slide(new, NAME, key="key-00000001")
    assert usual_objective(device.store, camera) == expected


@pytest.mark.parametrize("width_px", [640, 320])
def test_a_picture_of_another_size_than_the_calibrated_is_refused(
    width_px: int, tmp_path: Path
) -> None:
    path = tmp_path / "field.png"
    cv2.imwrite(str(path), np.full((480, width_px, 3), (180, 200, 200), np.uint8))
    scale = Scale(um_per_px=0.1, width_px=640, height_px=480)
    with of_this_size(ImageReplay([path], None), scale) as camera:
        if width_px == 640:
            assert isinstance(camera.read(), Frame)
            return
        with pytest.raises(ConfigError, match="calibrate again"):
            camera.read()
