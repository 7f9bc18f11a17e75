"""Half a picture is not judged: damage of every kind that a decoder passes over."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from tests.simulated import first_frames

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored import damage, decode_image, read_picture
from leukoscope_edge.capture.stored.damage import damage_of
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message

FIELD = np.ascontiguousarray(first_frames(8)[0].pixels[..., ::-1])
"""(480, 640, 3) BGR, as a microscope shows it."""


def encoded(suffix: str, *parameters: int) -> bytes:
    found, data = cv2.imencode(suffix, FIELD, parameters)
    assert found
    return data.tobytes()


def zeroed(data: bytes, start: float, end: float) -> bytes:
    a, b = int(start * len(data)), int(end * len(data))
    return data[:a] + bytes(b - a) + data[b:]


def flipped(data: bytes, seed: int, n: int = 8) -> bytes:
    """Eight wrong bits in the picture's data, none in the head."""
    random, out = np.random.default_rng(seed), bytearray(data)
    for at in random.integers(1000, len(data) - 2, n):
        out[at] ^= 1 << int(random.integers(8))
    return bytes(out)


def cut(data: bytes, share: float, end: bytes) -> bytes:
    return data[: int(share * len(data))] + end


JPEG = encoded(".jpg", cv2.IMWRITE_JPEG_QUALITY, 90)
PROGRESSIVE = encoded(".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
PNG = encoded(".png")
BMP = encoded(".bmp")
TIFF = encoded(".tiff", cv2.IMWRITE_TIFF_COMPRESSION, 1)
EOI = b"\xff\xd9"
DAMAGED: dict[str, bytes] = {
    "a JPEG that is zero from its middle on": zeroed(JPEG[:-2], 0.5, 1) + EOI,
    "a JPEG with wrong bits": flipped(JPEG, 1),
    "a JPEG with other wrong bits": flipped(JPEG, 2),
    "a JPEG that was cut and closed": cut(JPEG, 0.6, EOI),
    "a progressive JPEG that was cut and closed": cut(PROGRESSIVE, 0.5, EOI),
    "a PNG with a wrong bit": flipped(PNG, 1, 1),
    "a BMP with a zeroed block": zeroed(BMP, 0.301, 0.55),
    "a BMP with a byte too few": BMP[:5000] + BMP[5001:],
    "a TIFF with a zeroed block": zeroed(TIFF, 0.301, 0.55),
    "a TIFF that was cut": TIFF[: len(TIFF) // 2],
}


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, PNG, BMP, TIFF])
def test_a_whole_file_is_read(data: bytes) -> None:
    assert decode_image(data).shape == FIELD.shape


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match=r"is damaged|is truncated|cannot be decoded"):
        decode_image(DAMAGED[name])


def test_a_scan_that_is_left_out_is_missed() -> None:
    """Between two scans: no decoder objects, the picture is only blurred."""
    at = PROGRESSIVE.rfind(b"\xff\xda")
    with pytest.raises(SourceError, match="never written"):
        decode_image(PROGRESSIVE[:at] + EOI)


def noise(pixels: U8) -> U8:
    pixels[100:160] = np.random.default_rng(0).integers(0, 256, pixels[100:160].shape)
    return pixels


def shifted(pixels: U8) -> U8:
    pixels[240:] = np.roll(pixels[240:], 200, axis=1)
    pixels[240:, :, 0] //= 2
    return pixels


def blank(pixels: U8) -> U8:
    pixels.reshape(-1, 3)[1000:90_000] = 128
    return pixels


def whole(pixels: U8) -> U8:
    return pixels


def bars(pixels: U8) -> U8:
    pixels[:60] = pixels[420:] = 0
    pixels[:, :80] = pixels[:, 560:] = 0
    return pixels


def bar_across(pixels: U8) -> U8:
    pixels[200:230] = 0
    return pixels


def circle(pixels: U8) -> U8:
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.circle(mask, (320, 240), 250, 1, -1)
    pixels[mask == 0] = 0
    return pixels


def rows_of_their_own(pixels: U8) -> U8:
    """As a program leaves them that cuts and scales."""
    pixels[:2], pixels[-2:] = pixels[:2] // 2, pixels[-2:] // 2
    return pixels


def shifted_early(pixels: U8) -> U8:
    pixels[8:] = np.roll(pixels[8:], 200, axis=1)
    pixels[8:, :, 0] //= 2
    return pixels


def shifted_in_the_first_blocks(pixels: U8, at: int = 160, height: int = 16) -> U8:
    """As one wrong bit there does it: all that follows has another colour."""
    damaged = pixels // 2 + 60
    damaged[:height, :at] = pixels[:height, :at]
    return damaged


def shifted_in_the_first_small_blocks(pixels: U8) -> U8:
    return shifted_in_the_first_blocks(pixels, 104, 8)


def shifted_after_a_few_blocks(pixels: U8) -> U8:
    """Too little is left to compare with: a cell's edge in a corner looks the same."""
    return shifted_in_the_first_blocks(pixels, 56)


def label(pixels: U8) -> U8:
    """Burnt into a corner, in one colour."""
    pixels[:16, :160] = 0
    return pixels


def cut_out(pixels: U8) -> U8:
    """A cell on black, whose lowest pixels stand alone."""
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.circle(mask, (320, 240), 90, 1, -1)
    mask[330:332, 400:430] = 1
    pixels[mask == 0] = 0
    return pixels


def too_bright(pixels: U8) -> U8:
    pixels[:] = 255
    return pixels


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (whole, ""),
        (bars, ""),
        (bar_across, ""),
        (circle, ""),
        (too_bright, ""),
        (cut_out, ""),
        (rows_of_their_own, ""),
        (label, ""),
        (shifted_after_a_few_blocks, ""),
        (shifted_in_the_first_blocks, "shifted"),
        (shifted_in_the_first_small_blocks, "shifted"),
        (shifted_early, "shifted"),
        (noise, "noise"),
        (shifted, "shifted"),
        (blank, "blank"),
    ],
)
def test_only_what_no_microscope_shows_is_damage(
    make: Callable[[U8], U8], found: str
) -> None:
    why = damage_of(make(FIELD.copy()))
    assert why == (message(f"damage-{found}") if found else None)


@pytest.mark.parametrize("height_px", [1, 2, 3, 4, 5, 6, 8, 9, 16, 17])
def test_a_picture_of_few_rows_has_no_seam(height_px: int) -> None:
    rows = np.arange(height_px, dtype=np.uint8)[:, None, None] * (191 // height_px)
    assert damage_of(rows + FIELD[:1] // 4) is None


def test_what_stands_behind_the_end_of_a_png_is_no_part_of_it() -> None:
    np.testing.assert_array_equal(decode_image(PNG + bytes(1000)), decode_image(PNG))


def png_with(kind: bytes, body: bytes) -> bytes:
    chunk = struct.pack(">I", len(body)) + kind + body
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return PNG[:33] + chunk + checksum + PNG[33:]


def jpeg_with_density(unit: int, dots: int) -> bytes:
    return JPEG[:13] + struct.pack(">BHH", unit, dots, dots) + JPEG[18:]


@pytest.mark.parametrize(
    ("data", "um_per_px"),
    [
        (PNG, None),
        (png_with(b"pHYs", struct.pack(">IIB", 4_000_000, 4_000_000, 1)), 0.25),
        (png_with(b"pHYs", struct.pack(">IIB", 4, 4, 0)), None),
        (jpeg_with_density(0, 1), None),
        (jpeg_with_density(2, 50_000), 0.2),
        (jpeg_with_density(1, 25_400), 1.0),
    ],
)
def test_what_a_pixel_measures_is_read_where_it_stands(
    data: bytes, um_per_px: float | None
) -> None:
    found = read_picture(data).facts.um_per_px
    assert found == (None if um_per_px is None else pytest.approx(um_per_px))


@pytest.mark.parametrize("quality", [40, 75, 90, 100])
def test_the_tables_tell_how_much_was_thrown_away(quality: int) -> None:
    data = encoded(".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)
    assert read_picture(data).facts.jpeg_quality == pytest.approx(quality, abs=1)
    assert read_picture(PNG).facts.jpeg_quality is None


def test_the_longest_run_is_the_same_in_strips(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        monkeypatch.setattr(damage, "STRIP_PIXELS", int(random.integers(1, 60)))
        height, width = (int(n) for n in random.integers(1, 12, 2))
        pixels = (random.random((height, width, 3)) < 0.1).astype(np.uint8)
        flat = pixels.reshape(-1, 3)
        changes = np.flatnonzero((flat[1:] != flat[:-1]).any(axis=1)) + 1
        edges = [0, *changes.tolist(), len(flat)]
        k = int(np.diff(edges).argmax())
        assert damage._longest_run(pixels) == (edges[k], edges[k + 1])


def test_looking_for_damage_takes_little_memory() -> None:
    """1.3 GB for 64 megapixels, where the place of each change was kept."""
    tile = np.tile(FIELD, (4, 6, 1))
    pixels = np.hstack([np.roll(tile, 37 * i, axis=0) for i in range(2)])
    tracemalloc.start()
    try:
        damage_of(pixels)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 * pixels.nbytes
