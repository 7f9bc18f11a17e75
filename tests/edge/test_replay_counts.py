"""Counting over real pictures: overlapping views cut out of a mosaic of real fields."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.counting import CellRegistry
from leukoscope_edge.types import Frame
from leukoscope_edge.vision import (
    CropSpec,
    StageTracker,
    TrackingState,
    find_sightings,
    segment,
)

SCALE_UM_PER_PX = 0.078
SPEC = CropSpec(side_px=32, scale_um_per_px=0.5, colour="masked")
JERK_AT = 12
ROWS, COLUMNS = 2, 4


def field_paths(folder: Path) -> list[Path]:
    """The first fields that have boxes."""
    boxes = sorted((folder / "wbc-fields" / "boxes").iterdir())[: ROWS * COLUMNS]
    return [folder / "wbc-fields" / "images" / f"{p.stem}.jpg" for p in boxes]


def n_boxes(image: Path) -> int:
    """How many white cells people have marked in a field."""
    boxes = image.parents[1] / "boxes" / f"{image.stem}.xml"
    return boxes.read_text().count("<name>WBC")


def mosaic(paths: list[Path]) -> np.ndarray:
    """Lay real fields side by side."""
    fields = [cv2.imread(str(p))[..., ::-1] for p in paths]
    lines = [np.hstack(fields[i * COLUMNS : (i + 1) * COLUMNS]) for i in range(ROWS)]
    return np.vstack(lines)


def path_over(width: int, height: int, random: np.random.Generator) -> np.ndarray:
    places = []
    for i, y in enumerate(range(0, height - 479, 240)):
        xs = np.arange(0, width - 639, 60.0)
        places += [(x, y) for x in (xs if i % 2 == 0 else xs[::-1])]
        places += [(places[-1][0], y + dy) for dy in (80, 160)]
    places = np.clip(places, 0, (width - 640, height - 480))
    return np.asarray(np.rint(places + random.normal(0, 1, (len(places), 2))))


def view_at(slide: np.ndarray, place: np.ndarray, random: np.random.Generator):
    """Cut one view, as a cheap camera shows it: drifting light, blur and noise."""
    x, y = (
        int(v) for v in np.clip(place, 0, np.array(slide.shape[1::-1]) - (640, 480))
    )
    view = cv2.GaussianBlur(
        slide[y : y + 480, x : x + 640], (0, 0), random.uniform(0.3, 0.9)
    )
    level = view * random.uniform(0.9, 1.0) + random.normal(0, 2, view.shape)
    return (x, y), np.clip(np.rint(level), 0, 255).astype(np.uint8)


@pytest.mark.real
@pytest.mark.slow
def test_real_fields_under_a_moving_window_are_counted_once(real_data: Path) -> None:
    random = np.random.default_rng(0)
    paths = field_paths(real_data)
    slide, n_true = mosaic(paths), sum(n_boxes(p) for p in paths)
    tracker, registry, n_sightings = StageTracker(), CellRegistry(), 0
    origin = None
    for i, place in enumerate(path_over(slide.shape[1], slide.shape[0], random)):
        jerk = (330, 260) if i == JERK_AT else (0, 0)
        true, pixels = view_at(slide, place + jerk, random)
        found = tracker.update(pixels)
        if found.state is not TrackingState.TRACKING:
            continue
        here = (found.x_px, found.y_px)
        origin = np.subtract(here, true) if origin is None else origin
        assert np.hypot(*(np.subtract(here, true) - origin)) < 6
        frame = Frame(name=str(i), pixels=pixels, time_s=0.1 * i)
        seen = find_sightings(frame, segment(pixels, SCALE_UM_PER_PX), here, SPEC)
        n_sightings += len(seen.whole)
        registry.add(seen.whole)
    print(f"{len(registry)} counted, {n_true} true, {n_sightings} sightings")
    assert n_sightings > 3 * len(registry)
    # Two red cells are taken for white ones in views that hold no white cell, and one
    # neutrophil for two; one cell lies at the edge of the mosaic.
    assert abs(len(registry) - n_true) <= 2
