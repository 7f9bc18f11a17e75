"""Is a file whole, asked of its container: each format's own way to tell."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture.stored import containers
from leukoscope_edge.capture.stored.containers import (
    MAX_PIXELS,
    check_size,
    open_container,
)
from leukoscope_edge.errors import SourceError

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)


def encoded(suffix: str) -> bytes:
    found, data = cv2.imencode(suffix, PIXELS)
    assert found
    return data.tobytes()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def png_with(kind: bytes, body: bytes) -> bytes:
    """The picture with a chunk behind its header."""
    data = encoded(".png")
    return data[:33] + png_chunk(kind, body) + data[33:]


def bmp_with(at: int, value: bytes) -> bytes:
    data = bytearray(encoded(".bmp"))
    data[at : at + len(value)] = value
    return bytes(data)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tiff"])
def test_a_whole_file_is_as_long_as_it_says(suffix: str) -> None:
    data = encoded(suffix)
    container = open_container(data)
    assert container.n_bytes == len(data)
    assert (container.jpeg_quality is not None) == (suffix == ".jpg")
    assert (container.pages is not None) == (suffix == ".tiff")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_file_that_was_cut_off_is_truncated(suffix: str, kept: float) -> None:
    data = encoded(suffix)
    with pytest.raises(SourceError, match="is truncated"):
        open_container(data[: int(kept * len(data))])


def test_what_stands_behind_the_end_of_a_png_is_not_counted() -> None:
    data = encoded(".png")
    assert open_container(data + b"a camera's own notes").n_bytes == len(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"GIF89a", r"of a kind that is not read here \(GIF\)"),
        (b"\0\0\0\x18ftypheic", r"of a kind that is not read here \(HEIC\)"),
        (bytes(128) + b"DICM", r"of a kind that is not read here \(DICOM\)"),
        (b"BM" + bytes(20), "is truncated"),
        (b"RIFF\x04\0\0\0WAVE", "not an image of a known kind"),
        (png_with(b"cICP", b"\x09\x10\0\1"), "is recorded in HDR"),
        (png_with(b"cICP", b"\x09\x12\0\1"), "is recorded in HDR"),
        (png_with(b"acTL", bytes(8)), "several pictures that follow each other"),
        (
            b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x02" + bytes(20),
            "several pictures that follow each other",
        ),
        (bmp_with(28, struct.pack("<H", 8)), "BMP of 8 bits per pixel"),
        (bmp_with(18, struct.pack("<i", 30_000)), "is truncated"),
        (bmp_with(22, struct.pack("<i", 12)), "its size does not fit its header"),
        (b"II\x2b\0" + bytes(20), "BigTIFF"),
    ],
)
def test_what_is_no_whole_single_picture_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_container(data)


def test_a_png_may_say_that_its_light_is_ordinary() -> None:
    for body in (b"\x01\x0d\0\1", b"\x10"):
        assert open_container(png_with(b"cICP", body)).spoilt is None


def test_one_wrong_bit_in_a_png_is_damage() -> None:
    data = bytearray(encoded(".png"))
    data[len(data) // 2] ^= 1
    with pytest.raises(SourceError, match="a checksum differs"):
        open_container(bytes(data))


@pytest.mark.parametrize(
    ("body", "um_per_px"),
    [
        (struct.pack(">IIB", 5_000_000, 5_000_000, 1), 0.2),
        (struct.pack(">IIB", 5_000_000, 5_000_000, 0), None),  # a ratio, no unit
        (struct.pack(">IIB", 0, 0, 1), None),
    ],
)
def test_a_png_may_say_what_a_pixel_measures(
    body: bytes, um_per_px: float | None
) -> None:
    assert open_container(png_with(b"pHYs", body)).um_per_px == um_per_px


@pytest.mark.parametrize(
    ("dots", "um_per_px"), [(4_000_000, 0.25), (1, 1e6), (0, None)]
)
def test_a_bmp_may_say_what_a_pixel_measures(
    dots: int, um_per_px: float | None
) -> None:
    data = bmp_with(38, struct.pack("<i", dots))
    assert open_container(data).um_per_px == um_per_px


def test_the_largest_field_that_is_read_has_64_megapixels() -> None:
    check_size(MAX_PIXELS // 8, 8)
    with pytest.raises(SourceError, match="at most 64 megapixels"):
        check_size(MAX_PIXELS // 8, 9)


def test_a_file_that_is_too_long_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = encoded(".png")
    monkeypatch.setattr(containers, "MAX_FILE_BYTES", len(data))
    assert open_container(data).n_bytes == len(data)
    with pytest.raises(SourceError, match="bytes, at most"):
        open_container(data + b"!")


def test_the_size_of_a_png_is_asked_as_soon_as_it_is_there() -> None:
    head = encoded(".png")[:16] + struct.pack(">II", 1 << 15, 1 << 15)
    with pytest.raises(SourceError, match="at most 64 megapixels"):
        open_container(head)


def test_a_bmp_s_length_may_be_rounded_up_and_no_further() -> None:
    data = encoded(".bmp")
    assert open_container(data + bytes(3)).n_bytes == len(data) + 3
    with pytest.raises(SourceError, match="its size does not fit"):
        open_container(data + bytes(4))
    head = bytearray(data[:54])
    head[18:26] = bytes(8)  # no pixels: a head is all of it
    assert open_container(bytes(head)).n_bytes == 54


def jpeg_of_size(width: int, height: int) -> bytes:
    data = bytearray(encoded(".jpg"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def tiff_of_size(width: int, height: int) -> bytes:
    fields = struct.pack("<HHII", 256, 4, 1, width)
    fields += struct.pack("<HHII", 257, 4, 1, height)
    return b"II*\0" + struct.pack("<IH", 8, 2) + fields + bytes(4)


@pytest.mark.parametrize(
    "data",
    [
        jpeg_of_size(30_000, 30_000),
        tiff_of_size(30_000, 30_000),
        bmp_with(18, struct.pack("<ii", 30_000, -30_000)),  # its rows go down
    ],
)
def test_the_size_is_asked_before_anything_is_decoded(data: bytes) -> None:
    with pytest.raises(SourceError, match="has 30000 x 30000 pixels"):
        open_container(data)


def with_four_inks() -> bytes:
    """The picture's JPEG, with a fourth component in its header."""
    data = encoded(".jpg")
    at = data.index(b"\xff\xc0")
    header = data[at + 4 : at + 19]
    inks = struct.pack(">H", 20) + header[:5] + b"\4" + header[6:] + b"\4\x11\0"
    return data[: at + 2] + inks + data[at + 19 :]


def masked_bmp(red: int, green: int, blue: int) -> bytes:
    """32 bits a pixel, whose head says where each colour lies."""
    pixels = np.dstack([PIXELS, PIXELS[..., :1]])
    head = struct.pack("<IiiHHIIiiII", 40, 40, -24, 1, 32, 3, 0, 0, 0, 0, 0)
    masks = struct.pack("<III", red, green, blue)
    start = struct.pack("<2sIII", b"BM", 66 + pixels.nbytes, 0, 66)
    return start + head + masks + pixels.tobytes()


@pytest.mark.parametrize(
    "data",
    [
        with_four_inks(),
        masked_bmp(0xFF, 0xFF00, 0xFF0000),
        bmp_with(30, struct.pack("<I", 4)),  # a JPEG in a BMP
    ],
)
def test_colours_that_a_decoder_takes_for_others_are_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match="colours in a way that is not read here"):
        open_container(data)


def test_a_bmp_whose_masks_are_the_usual_ones_is_read() -> None:
    container = open_container(masked_bmp(0xFF0000, 0xFF00, 0xFF))
    assert container.spoilt is None
