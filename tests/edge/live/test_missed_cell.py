"""A cell that a person taps: its box and picture, at the picture's edges too."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from leukoscope_edge.errors import SourceError
from leukoscope_edge.inference import Card, read_card
from leukoscope_edge.live import Mode, News
from leukoscope_edge.live.missed_cell import CELL_UM, cut_missed

SCALE_UM_PER_PX = 0.2
HALF_PX = round(CELL_UM / 2 / SCALE_UM_PER_PX)
SHAPE = (240, 320)


@pytest.fixture
def card(bundle_folder: Path) -> Card:
    return read_card(bundle_folder)


def news(**facts: Any) -> News:
    pixels = np.full((*SHAPE, 3), 99, np.uint8)
    pixels[100:140, 140:180] = (170, 60, 95)  # BGR
    _, data = cv2.imencode(".png", pixels)
    told = {"frame": "frame 7", "place": [1000, 50, 2]} | facts
    return News(mode=Mode.PAUSED, slide="0001", facts=told, jpeg=data.tobytes())


def test_a_tap_in_the_middle_has_a_cell_around_it(card: Card) -> None:
    cell = cut_missed(news(), (0.5, 0.5), card, SCALE_UM_PER_PX)
    assert cell.box_px == (160 - HALF_PX, 120 - HALF_PX, 160 + HALF_PX, 120 + HALF_PX)
    assert cell.slide_px == (1160.0, 170.0)
    assert cell.frame == "frame 7"
    middle = cell.view[len(cell.view) // 2, cell.view.shape[1] // 2]
    assert middle.tolist() == [95, 60, 170]  # RGB


@pytest.mark.parametrize(
    ("place", "box"),
    [
        ((0.0, 0.0), (0, 0, HALF_PX, HALF_PX)),
        ((1.0, 1.0), (320 - HALF_PX, 240 - HALF_PX, 320, 240)),
    ],
)
def test_at_the_edge_the_box_ends_with_the_picture(
    card: Card, place: tuple[float, float], box: tuple[int, int, int, int]
) -> None:
    cell = cut_missed(news(), place, card, SCALE_UM_PER_PX)
    assert cell.box_px == box
    assert cell.view.shape[0] == cell.view.shape[1]


def test_a_place_that_nobody_knows_is_that_in_the_picture(card: Card) -> None:
    cell = cut_missed(news(place=None), (0.25, 0.5), card, SCALE_UM_PER_PX)
    assert cell.slide_px == (80.0, 120.0)


def test_without_a_scale_the_cure_is_named(card: Card) -> None:
    with pytest.raises(SourceError, match="calibrate, then add the cell"):
        cut_missed(news(), (0.5, 0.5), card, None)
