"""A new outline keeps the cell and cuts off what it ran into."""

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.vision.cells.outline import outline

SIDE_PX = 121
MIDDLE = (60, 60)
SCALE_UM_PER_PX = 0.16
REACH_PX = 31.0


def disc(centre: tuple[int, int], radius_px: int) -> U8:
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.circle(mask, centre, radius_px, 1, cv2.FILLED)
    return mask


def drawn(nucleus: U8, evidence: F32) -> U8:
    grey = np.clip(200 - 80 * (evidence > 0) - 80 * nucleus, 0, 255)
    colours = np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
    return outline(nucleus, colours, evidence, REACH_PX, SCALE_UM_PER_PX)


def evidence_of(sure: U8, doubtful: U8) -> F32:
    return np.where(sure > 0, 1.0, np.where(doubtful > 0, -0.2, -1.0)).astype(
        np.float32
    )


def overlap(a: U8, b: U8) -> float:
    return 2 * int((a & b).sum()) / (int(a.sum()) + int(b.sum()))


@pytest.mark.parametrize(
    ("name", "neighbour"),
    [
        ("nothing beside it", disc((0, 0), 1)),
        ("a red cell that touches it", disc((60, 112), 22)),
        ("a cell beyond a gap of plasma", disc((117, 60), 18)),
    ],
)
def test_keeps_the_cell_without(name: str, neighbour: U8) -> None:
    nucleus, cell = disc(MIDDLE, 20), disc(MIDDLE, 30)
    found = drawn(nucleus, evidence_of(cell, neighbour))
    assert overlap(found, cell) > 0.95, name
    assert (found >= nucleus).all()


def test_what_is_surely_cell_beyond_a_gap_stays_out() -> None:
    nucleus, cell = disc(MIDDLE, 20), disc(MIDDLE, 30)
    found = drawn(nucleus, evidence_of(cell | disc((117, 60), 18), disc((0, 0), 1)))
    assert overlap(found, cell) > 0.95


def test_a_nucleus_alone_is_the_cell() -> None:
    nucleus = disc(MIDDLE, 20)
    found = drawn(nucleus, evidence_of(nucleus, disc((0, 0), 1)))
    assert overlap(found, nucleus) > 0.95
