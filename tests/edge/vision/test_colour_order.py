"""Colours that a camera or program has exchanged are noticed in every frame."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.simulated import first_frames

import leukoscope_edge
from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored import decode_own
from leukoscope_edge.vision.colour_order import (
    MAX_EVERY_PX,
    measure_colours,
    order_of,
)

KNOWN = Path(leukoscope_edge.__file__).parent / "reference_cells"
Change = Callable[[U8], U8]


def toned(rgb: U8) -> U8:
    """In sepia, as an effect of a telephone makes it."""
    grey = rgb.mean(axis=2, keepdims=True)
    return np.clip(grey * [1.07, 1.0, 0.82], 0, 255).astype(np.uint8)


def spread_out(rgb: U8) -> U8:
    """Each channel with all its levels alike often, as "equalize" of a program."""
    return np.dstack(
        [cv2.equalizeHist(np.ascontiguousarray(c)) for c in cv2.split(rgb)]
    )


FIELDS = [frame.pixels for frame in first_frames(8)[:6]]
CHANGES: dict[str, Change] = {
    "right": lambda rgb: rgb,
    "red-blue": lambda rgb: rgb[..., ::-1],
    "red-green": lambda rgb: rgb[..., [1, 0, 2]],
    "green-blue": lambda rgb: rgb[..., [0, 2, 1]],
    "inverted": lambda rgb: 255 - rgb,
    "toned": lambda rgb: toned(rgb),
}


@pytest.mark.parametrize("order", CHANGES)
def test_each_exchange_is_named(order: str) -> None:
    assert order_of([measure_colours(CHANGES[order](f)) for f in FIELDS]) == order


@pytest.mark.parametrize("order", CHANGES)
def test_small_pictures_of_single_cells_tell_it_too(order: str) -> None:
    cells = [decode_own(p.read_bytes()) for p in sorted(KNOWN.glob("*.jpg"))]
    assert len(cells) == 48
    for six in zip(*[iter(cells[:24])] * 6, strict=True):
        changed = [np.ascontiguousarray(CHANGES[order](c)) for c in six]
        assert order_of([measure_colours(c) for c in changed]) == order


def test_colours_that_a_program_spread_out_are_changed() -> None:
    assert order_of([measure_colours(spread_out(f)) for f in FIELDS]) == "toned"


def test_a_picture_that_nuclei_fill_is_dark_and_no_negative() -> None:
    """Of cells in marrow, of much contrast: green's commonest level is near 0."""
    cells = [decode_own(p.read_bytes()) for p in sorted(KNOWN.glob("blast*.jpg"))]
    middle = [c[c.shape[0] // 4 : -c.shape[0] // 4] for c in cells]
    steep = [
        np.clip((m.astype(float) - 90) * 1.8, 0, 255).astype(np.uint8) for m in middle
    ]
    assert (
        order_of([measure_colours(np.ascontiguousarray(m)) for m in steep]) == "right"
    )


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [FIELDS[0][..., ::-1]] * 2,  # too few to tell
        [(FIELDS[0] * 0.3).astype(np.uint8)] * 5,  # the lamp is low, no more
        [np.zeros((48, 64, 3), np.uint8)] * 5,
        [np.full((48, 64, 3), 255, np.uint8)] * 5,
    ],
)
def test_nothing_is_said_where_nothing_tells(frames: list[U8]) -> None:
    assert order_of([measure_colours(f) for f in frames]) == "right"


def test_a_large_picture_is_measured_in_little_memory() -> None:
    pixels = np.tile(FIELDS[0], (5, 5, 1))
    n_sampled = pixels.shape[0] * pixels.shape[1] // MAX_EVERY_PX**2
    tracemalloc.start()
    try:
        assert measure_colours(pixels).density is not None
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 40 * n_sampled
