"""The edges of a camera's scale: whose it is, and for which frames it holds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leukoscope_edge.errors import ConfigError, StepError
from leukoscope_edge.profile import CameraEntry
from leukoscope_edge.quality.camera_scale import (
    MIN_LENGTH_PX,
    Scale,
    camera_scale,
    keep_scale,
    measure_scale,
    of_this_size,
    require_objective,
    scales,
    usual_objective,
)
from leukoscope_edge.records import Store, open_store
from leukoscope_edge.types import Frame

CAMERA = CameraEntry(source="camera-1", frames_per_second=10.0)
SCALE = Scale(um_per_px=0.1, width_px=40, height_px=30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as store:
        yield store


def test_the_profiles_scale_counts_until_one_is_measured(store: Store) -> None:
    assert scales(store, CAMERA) == {}
    camera = replace(CAMERA, scale_um_per_px=0.2)
    old = {"um_per_px": 0.2, "width_px": 0, "height_px": 0}
    assert scales(store, camera) == {CAMERA.objective: Scale(**old)}  # type: ignore[arg-type]
    keep_scale(store, replace(CAMERA, source="camera-2"), "100x", SCALE, "ann")
    assert camera_scale(store, camera) == Scale(um_per_px=0.2)
    keep_scale(store, camera, "100x", SCALE, "ann")
    assert camera_scale(store, camera) == SCALE


def test_a_scale_from_before_sizes_were_kept_holds_for_every_size(
    store: Store,
) -> None:
    store.log.note("calibration", {"camera": "camera-1", "um_per_px": 0.1}, "ann")
    found = camera_scale(store, CAMERA)
    assert found is not None
    assert (found.width_px, found.height_px) == (0, 0)
    camera: Any = object()
    assert of_this_size(camera, found) is camera


def test_another_cameras_calibration_says_nothing_of_what_is_in_use(
    store: Store,
) -> None:
    keep_scale(store, CAMERA, "100x", SCALE, "ann")
    keep_scale(store, CAMERA, "40x", SCALE, "ann")
    keep_scale(store, replace(CAMERA, source="camera-2"), "100x", SCALE, "ann")
    assert usual_objective(store, CAMERA) == "40x"


def test_an_objective_is_asked_for_only_where_one_is_calibrated(store: Store) -> None:
    require_objective(store, CAMERA, "40x")
    keep_scale(store, CAMERA, "100x", SCALE, "ann")
    require_objective(store, CAMERA, "100x")
    with pytest.raises(StepError, match="calibrated under 100x, not under 40x"):
        require_objective(store, CAMERA, "40x")


class OneFrame:
    scale_um_per_px = 0.1

    def __init__(self, height: int, width: int) -> None:
        self.pixels = np.zeros((height, width, 3), np.uint8)

    def read(self) -> Frame:
        return Frame(name="1", pixels=self.pixels, time_s=0.0)


@pytest.mark.parametrize(
    ("height", "width", "fits"),
    [(30, 40, True), (40, 30, False), (30, 41, False), (31, 40, False)],
)
def test_a_scale_holds_for_frames_of_its_size(
    height: int, width: int, fits: bool
) -> None:
    camera: Any = OneFrame(height, width)
    checked = of_this_size(camera, SCALE)
    if fits:
        assert isinstance(checked.read(), Frame)
    else:
        with pytest.raises(ConfigError, match=f"{width}.*{height}"):
            checked.read()


def test_the_shortest_line_that_is_measured() -> None:
    assert measure_scale((0.0, 0.0), (MIN_LENGTH_PX, 0.0), 5.0) == 0.1
    with pytest.raises(ConfigError, match="tap the ends of a longer one"):
        measure_scale((0.0, 0.0), (MIN_LENGTH_PX - 0.5, 0.0), 5.0)
