"""A picture that was a poor JPEG shows it, under whatever name it was saved since."""

import cv2
import numpy as np
import pytest
from tests.simulated import first_frames

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.compression import QUALITIES, quality_from_pixels

FIELD = first_frames(8)[0].pixels


def compressed(pixels: U8, *qualities: int) -> U8:
    """Return a picture as it is after so many JPEG files."""
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    for quality in qualities:
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        bgr = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(bgr[..., ::-1])


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((7, 300, 3), np.uint8),
        np.full((300, 300, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8),
        FIELD,
        np.ascontiguousarray(FIELD[:64, :64]),
    ],
)
def test_what_never_was_a_jpeg_is_not_called_one(pixels: U8) -> None:
    assert quality_from_pixels(pixels) is None


@pytest.mark.parametrize("quality", [70, 75, 80, 90, 100])
def test_a_good_jpeg_is_good_enough(quality: int) -> None:
    assert quality_from_pixels(compressed(FIELD, quality)) is None


@pytest.mark.parametrize("quality", [q for q in QUALITIES if q >= 20])
def test_a_poor_jpeg_tells_its_quality(quality: int) -> None:
    assert quality_from_pixels(compressed(FIELD, quality)) == quality


@pytest.mark.parametrize("quality", [30, 40, 60])
def test_a_poor_jpeg_that_was_saved_well_stays_poor(quality: int) -> None:
    assert quality_from_pixels(compressed(FIELD, quality, 95)) == quality


def test_a_large_picture_is_looked_at_in_its_middle() -> None:
    large = compressed(np.tile(FIELD, (3, 3, 1)), 40)
    assert quality_from_pixels(large) == 40
