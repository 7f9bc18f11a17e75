"""What the markers of a JPEG say, beside what OpenCV was asked to write."""

import struct

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture.stored.jpeg import END, read_jpeg
from leukoscope_edge.errors import SourceError

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)


def encoded(**settings: int) -> bytes:
    names = {"quality": cv2.IMWRITE_JPEG_QUALITY, "steps": cv2.IMWRITE_JPEG_PROGRESSIVE}
    parameters = [n for k, v in settings.items() for n in (names[k], v)]
    found, data = cv2.imencode(".jpg", PIXELS, parameters)
    assert found
    return data.tobytes()


def with_density(unit: int, dots: int) -> bytes:
    """The picture with another density in its JFIF segment."""
    data = bytearray(encoded())
    at = data.index(b"JFIF\0")
    data[at + 7 : at + 12] = struct.pack(">BHH", unit, dots, dots)
    return bytes(data)


@pytest.mark.parametrize("quality", [25, 49, 50, 51, 80, 95, 100])
def test_the_quality_is_the_one_that_it_was_written_with(quality: int) -> None:
    found = read_jpeg(encoded(quality=quality)).quality
    assert found is not None
    assert abs(found - quality) <= 1


@pytest.mark.parametrize("steps", [0, 1])
def test_a_whole_picture_misses_nothing_and_tells_its_size(steps: int) -> None:
    jpeg = read_jpeg(encoded(steps=steps))
    assert (jpeg.width_px, jpeg.height_px) == (40, 24)
    assert jpeg.missing == ""
    assert jpeg.is_progressive == bool(steps)
    assert len(jpeg.components) == 3


@pytest.mark.parametrize(
    ("unit", "dots", "um_per_px"),
    [
        (0, 72, None),
        (1, 0, None),
        (1, 25400, 1.0),
        (2, 50000, 0.2),
        (3, 100, None),
    ],
)
def test_a_density_is_a_scale_only_with_a_unit(
    unit: int, dots: int, um_per_px: float | None
) -> None:
    assert read_jpeg(with_density(unit, dots)).um_per_px == um_per_px


@pytest.mark.parametrize("length", [4, 100, -2])
def test_a_file_without_its_end_is_truncated(length: int) -> None:
    with pytest.raises(SourceError, match="its end is missing"):
        read_jpeg(encoded()[:length])


def test_a_picture_whose_scans_were_never_written_is_not_whole() -> None:
    data = encoded(steps=1)
    last_scan = data.rindex(b"\xff\xda")
    jpeg = read_jpeg(data[:last_scan] + END)
    assert jpeg.missing == "a part of its data was never written"


def test_a_thumbnail_inside_a_segment_is_no_part_of_the_picture() -> None:
    inside = b"Exif\0\0" + encoded(quality=10)
    segment = b"\xff\xe1" + struct.pack(">H", len(inside) + 2) + inside
    data = encoded(quality=90)
    found = read_jpeg(data[:2] + segment + data[2:])
    assert found.quality is not None
    assert abs(found.quality - 90) <= 1
