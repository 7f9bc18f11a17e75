"""The circle of an eyepiece is a border, as the edge of the picture is."""

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.types import U8, CellKind, Frame
from leukoscope_edge.vision.scale.eyepiece import outside_of, with_border
from leukoscope_edge.vision.segmentation import segment

SCALE = 0.1


def field() -> U8:
    with parse_simulated("simulated:seed=5,frames=12,cells=100") as camera:
        frames = [camera.read() for _ in range(12)]
    found = [f.pixels for f in frames if isinstance(f, Frame)]
    return max(found, key=lambda p: len(cells(p, CellKind.WBC)))


def cells(pixels: U8, kind: CellKind) -> list[tuple[float, float]]:
    found = segment(pixels, SCALE)
    return [
        (float(found.centres_px[i][0]), float(found.centres_px[i][1]))
        for i in found.indices(kind)
    ]


FIELD = field()


def through_eyepiece(pixels: U8, centre: tuple[int, int], radius: int) -> U8:
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.circle(mask, centre, radius, 1, -1)
    return np.where(mask[..., None] > 0, pixels, 0).astype(np.uint8)


@pytest.mark.parametrize(
    ("pixels", "share"),
    [
        (FIELD, 0.0),
        (np.full((480, 640, 3), 255, np.uint8), 0.0),
        (through_eyepiece(FIELD, (320, 240), 220), 0.5),
    ],
)
def test_the_outside_is_what_was_never_seen(pixels: U8, share: float) -> None:
    outside = outside_of(pixels)
    found = 0.0 if outside is None else float(outside.mean())
    assert found == pytest.approx(share, abs=0.06)


def test_a_cell_that_the_circle_cuts_is_cut_off() -> None:
    x, y = cells(FIELD, CellKind.WBC)[0]
    radius = 220
    inward = np.array([320 - x, 240 - y])
    inward /= max(float(np.hypot(*inward)), 1.0)
    cx, cy = np.array([x, y]) + (radius - 3) * inward  # its rim lies on the nucleus
    seen = through_eyepiece(FIELD, (int(cx), int(cy)), radius)
    bordered = with_border(segment(seen, SCALE), seen)
    near = [
        kind
        for kind, (a, b) in zip(bordered.kinds, bordered.centres_px, strict=True)
        if np.hypot(a - x, b - y) < 40 and kind in (CellKind.WBC, CellKind.BORDER)
    ]
    assert CellKind.WBC not in near


def test_without_a_circle_nothing_changes() -> None:
    found = segment(FIELD, SCALE)
    assert with_border(found, FIELD) is found
