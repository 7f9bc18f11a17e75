"""What the markers of a JPEG say, beside what OpenCV was asked to write."""

import struct

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture.stored import jpeg
from leukoscope_edge.capture.stored.jpeg import END, read_jpeg
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import Message, message

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
    found = read_jpeg(encoded(steps=steps))
    assert (found.width_px, found.height_px) == (40, 24)
    assert found.missing is None
    assert found.is_progressive == bool(steps)
    assert len(found.components) == 3


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
    found = read_jpeg(data[:last_scan] + END)
    assert found.missing == NEVER


def test_a_thumbnail_inside_a_segment_is_no_part_of_the_picture() -> None:
    inside = b"Exif\0\0" + encoded(quality=10)
    segment = b"\xff\xe1" + struct.pack(">H", len(inside) + 2) + inside
    data = encoded(quality=90)
    found = read_jpeg(data[:2] + segment + data[2:])
    assert found.quality is not None
    assert abs(found.quality - 90) <= 1


SOI, TEM = b"\xff\xd8", b"\xff\x01"


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def made_of(*parts: bytes) -> jpeg.Jpeg:
    return read_jpeg(SOI + b"".join(parts) + END)


SIZE = segment(0xC0, b"\x08" + struct.pack(">HH", 24, 40) + b"\x01\x07\x11\x00")
SCAN = segment(0xDA, b"\x01\x07\x00\x00\x3f\x00") + b"data"
NEVER = message("damage-unwritten")


def test_a_file_of_nothing_has_no_size() -> None:
    found = made_of()
    assert (found.width_px, found.height_px, found.quality) == (0, 0, None)


@pytest.mark.parametrize(
    ("parts", "missing"),
    [
        ([SIZE, SCAN], None),
        ([TEM, SIZE, b"\xff", SCAN], None),  # a bare marker, and a byte to fill up
        ([SIZE], NEVER),
        ([SIZE, segment(0xDA, b"")], NEVER),
        ([SIZE, segment(0xDA, b"\x01\x07\x00")], NEVER),  # its head is cut
        ([SIZE, segment(0xDA, b"\x01\x08\x00\x00\x3f\x00")], NEVER),  # of another
        ([SIZE, segment(0xE2, b"\x01\x07\x00\x00\x3f\x00")], NEVER),  # no scan
    ],
)
def test_each_component_has_a_scan(parts: list[bytes], missing: Message | None) -> None:
    found = made_of(*parts)
    assert found.missing == missing
    assert (found.width_px, found.height_px) == (40, 24)


def test_the_shortest_segments_are_read() -> None:
    bare = segment(0xC0, b"\x08" + struct.pack(">HH", 24, 40) + b"\x00")
    density = segment(0xE0, b"JFIF\0" + struct.pack(">HBHH", 0x102, 2, 50_000, 50_000))
    cut = density[:-1]
    found = made_of(bare, density)
    assert (found.width_px, found.height_px, found.um_per_px) == (40, 24, 0.2)
    assert made_of(segment(0xE0, cut[4:])).um_per_px is None


@pytest.mark.parametrize(
    "end", [b"\xff\xe0\xff\xd9", b"\xff\xe0\x00\x04\xff\xd9", b"\xff\xe0\x00"]
)
def test_an_end_inside_a_segment_is_none(end: bytes) -> None:
    with pytest.raises(SourceError, match="its end is missing"):
        read_jpeg(SOI + end)


def test_what_stands_behind_the_end_is_no_part_of_it() -> None:
    assert read_jpeg(encoded() + bytes(100)).missing is None


@pytest.mark.parametrize(
    ("table", "quality"),
    [
        ([1] * 64, 99),
        ([255] + [1] * 63, 96),
        ([1] * 63 + [255], 96),
        ([255] * 64, 11),
    ],
)
@pytest.mark.parametrize(("precision", "letter"), [(0x00, "B"), (0x10, "H")])
def test_the_quality_is_of_the_whole_table(
    table: list[int], quality: int, precision: int, letter: str
) -> None:
    body = bytes([precision]) + struct.pack(f">64{letter}", *table)
    assert made_of(segment(0xDB, body)).quality == quality
    assert made_of(segment(0xDB, body[:-1])).quality is None


def test_the_worst_quality_is_1() -> None:
    body = b"\x10" + b"\xff" * 128
    assert made_of(segment(0xDB, body)).quality == 1


@pytest.mark.parametrize(
    ("data", "at"),
    [
        (b"", 0),
        (b"abc", 3),
        (b"a\xff", 2),
        (b"\xff\xd9", 0),
        (b"a\xff\x00\xff\xd0b\xff\xd9", 6),  # a stuffed byte, a restart
        (b"\xff\xff\xd9", 1),
    ],
)
def test_the_next_marker_is_found_behind_a_scan_s_data(data: bytes, at: int) -> None:
    assert jpeg._after_scan(data, 0) == at


def test_a_scan_says_which_coefficients_it_brings_and_to_which_bit() -> None:
    found = jpeg.Jpeg(is_progressive=True)
    jpeg._note_scan(found, b"\x02\x07\x00\x09\x00\x05\x06\x12")
    assert found.sent == {(c, k): 2 for c in (7, 9) for k in (5, 6)}
    jpeg._note_scan(found, b"\x01\x07\x00\x3e\xff\x00")
    assert {k for c, k in found.sent if c == 7} == {5, 6, 62, 63}
