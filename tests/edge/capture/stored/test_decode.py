import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukoscope_edge.capture.stored.decode import (
    decode_image,
    is_grey,
    regular,
)
from leukoscope_edge.errors import SourceError


def encode(pixels: np.ndarray, suffix: str) -> bytes:
    ok, data = cv2.imencode(suffix, pixels)
    assert ok
    return data.tobytes()


def picture(height: int = 48, width: int = 64) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (height, width, 3), np.uint8)


def zeros_packed(width: int, height: int) -> bytes:
    """Rows of zeros as zlib packs them: one row is packed, and said again."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    row = packer.compress(bytes(width)) + packer.flush(zlib.Z_FULL_FLUSH)
    sum_of_zeros = (width * height % 65_521) << 16 | 1  # Adler-32
    end = packer.flush() + struct.pack(">I", sum_of_zeros)
    return b"\x78\xda" + row * height + end


def png_of_size(width: int, height: int) -> bytes:
    """A small valid PNG of a huge uniform picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body))
            + kind
            + body
            + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zeros_packed(width=3 * width + 1, height=height)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )


def test_rows_packed_at_once_are_what_zlib_unpacks() -> None:
    assert zlib.decompress(zeros_packed(width=301, height=700)) == bytes(301 * 700)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff"])
def test_decodes_lossless_formats_as_rgb(suffix: str) -> None:
    bgr = picture()
    np.testing.assert_array_equal(decode_image(encode(bgr, suffix)), bgr[..., ::-1])


def test_decodes_jpeg() -> None:
    assert decode_image(encode(picture(), ".jpg")).shape == (48, 64, 3)


def test_takes_the_colour_of_an_image_with_transparency() -> None:
    bgra = np.dstack([picture(), np.full((48, 64), 255, np.uint8)])
    np.testing.assert_array_equal(decode_image(encode(bgra, ".png")), bgra[..., 2::-1])


@pytest.mark.parametrize("alpha", [0, 128, 254])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_refuses_what_is_transparent_in_parts(suffix: str, alpha: int) -> None:
    bgra = np.dstack([picture(), np.full((48, 64), 255, np.uint8)])
    bgra[9, 9, 3] = alpha
    with pytest.raises(SourceError, match="is transparent in parts"):
        decode_image(encode(bgra, suffix))


def tiff_with(tag: int, note: bytes) -> bytes:
    """A TIFF whose directory, moved to its end, holds one more note of four bytes."""
    data = encode(picture(), ".tiff")
    (at,) = struct.unpack_from("<I", data, 4)
    (n,) = struct.unpack_from("<H", data, at)
    entries = [data[at + 2 + 12 * k : at + 14 + 12 * k] for k in range(n)]
    entries.append(struct.pack("<HHI", tag, 2, len(note)) + note)
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry))
    directory = struct.pack("<H", n + 1) + b"".join(entries) + bytes(4)
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + directory


@pytest.mark.parametrize(
    ("tag", "note"),
    [
        (51123, b"{ }\0"),  # Micro-Manager's
        (50838, b"abc\0"),  # ImageJ's
        (65000, b"abc\0"),
        (306, b"date"),  # not closed
    ],
)
def test_notes_of_other_programs_are_no_damage(tag: int, note: bytes) -> None:
    data = tiff_with(tag, note)
    np.testing.assert_array_equal(decode_image(data), picture()[..., ::-1])


def test_a_tag_that_no_program_gave_is_damage_in_the_decoder_s_words() -> None:
    with pytest.raises(SourceError, match=r"damaged \(TIFF_Warning .*tag 1724 "):
        decode_image(tiff_with(1724, b"abc\0"))


def test_a_wrong_profile_of_a_png_is_no_damage() -> None:
    data = encode(picture(), ".png")
    profile = b"Adobe\0\0" + zlib.compress(struct.pack(">I", 132) + bytes(128))
    chunk = b"iCCP" + profile
    head = struct.pack(">I", len(profile)), chunk, struct.pack(">I", zlib.crc32(chunk))
    found = decode_image(data[:33] + b"".join(head) + data[33:])
    np.testing.assert_array_equal(found, picture()[..., ::-1])


def test_the_fourth_byte_of_a_bmp_means_nothing() -> None:
    bgra = np.dstack([picture(), np.zeros((48, 64), np.uint8)])
    np.testing.assert_array_equal(decode_image(encode(bgra, ".bmp")), bgra[..., 2::-1])


def test_does_not_rotate_by_exif_so_that_boxes_stay_in_file_pixels() -> None:
    jpeg = encode(picture(), ".jpg")
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    assert decode_image(jpeg[:2] + segment + jpeg[2:]).shape == (48, 64, 3)


def palette_png() -> bytes:
    """Two colours, red and blue, in a table."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", 8, 8, 8, 3, 0, 0, 0)
    rows = b"".join(b"\0" + bytes([0, 1] * 4) for _ in range(8))
    parts = [(b"IHDR", header), (b"PLTE", b"\xff\0\0\0\0\xff")]
    parts += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def webp(quality: int) -> bytes:
    """Above 100: without a loss."""
    ok, data = cv2.imencode(".webp", picture(), [cv2.IMWRITE_WEBP_QUALITY, quality])
    assert ok
    return data.tobytes()


GREY = np.full((8, 8), 100, np.uint8)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"hello, I am a text file", "is not an image of a known kind"),
        (encode(picture(), ".jpg")[:-40], "is truncated"),
        (encode(picture(), ".png")[:-40], "is truncated"),
        (encode(picture(), ".bmp")[:40], "is truncated"),
        (encode(GREY, ".png"), "has no colour"),
        (palette_png(), "has 256 colours at most"),
        (webp(quality=100), "is a lossy WebP"),
        (webp(quality=20), "is a lossy WebP"),
        (encode(cv2.merge([GREY] * 3), ".png"), "has no colour"),
        (encode(picture().astype(np.uint16) * 256, ".png"), "has 16 bits per channel"),
        (
            encode((picture() // 2).astype(np.int8), ".tif"),
            "keeps its colours in a way",
        ),
        (png_of_size(30_000, 30_000), "has 30000 x 30000 pixels"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_refuses_with_the_cure(data: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        decode_image(data)
    assert "\n" not in str(caught.value)


def test_refuses_a_jpeg_cut_off_behind_its_thumbnail() -> None:
    thumbnail = encode(picture(8, 8), ".jpg")
    body = b"Exif\0\0" + thumbnail
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    jpeg = encode(picture(), ".jpg")
    whole = jpeg[:2] + segment + jpeg[2:]
    assert decode_image(whole).shape == (48, 64, 3)
    with pytest.raises(SourceError, match="truncated"):
        decode_image(whole[:-30])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_is_decoded_or_refused_in_our_own_words(data: st.DataObject) -> None:
    image = bytearray(encode(picture(), data.draw(st.sampled_from([".jpg", ".png"]))))
    for _ in range(data.draw(st.integers(1, 6))):
        image[data.draw(st.integers(0, len(image) - 1))] = data.draw(
            st.integers(0, 255)
        )
    del image[data.draw(st.integers(1, len(image))) :]
    try:
        assert decode_image(bytes(image)).dtype == np.uint8
    except SourceError as err:
        assert str(err)


def test_a_spot_of_colour_between_the_pixels_looked_at_first_is_colour() -> None:
    pixels = np.full((64, 64, 3), 100, np.uint8)
    assert is_grey(pixels)
    pixels[5:8, 5:8, 0] = 200
    assert not is_grey(pixels)


def test_what_has_no_end_or_no_bytes_of_its_own_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as device:
        regular(Path("/dev/null"))
    with pytest.raises(SourceError) as folder:
        regular(tmp_path)
    found = [e.value.told.id for e in (device, folder) if e.value.told]
    assert found == ["file-is-pipe", "file-is-folder"]


def test_lines_of_a_micrometer_may_stand_in_a_palette() -> None:
    found = decode_image(palette_png(), may_be_grey=True)
    assert found[0, :2].tolist() == [[255, 0, 0], [0, 0, 255]]


def test_a_webp_without_loss_is_read() -> None:
    np.testing.assert_array_equal(decode_image(webp(101)), picture()[..., ::-1])


def test_a_lossy_webp_of_several_chunks_is_found() -> None:
    simple = webp(80)
    header = b"VP8X" + struct.pack("<I", 10) + bytes(4) + bytes([63, 0, 0, 47, 0, 0])
    body = b"WEBP" + header + b"EXIF\x03\0\0\0abc\0" + simple[12:]
    several = b"RIFF" + struct.pack("<I", len(body)) + body
    with pytest.raises(SourceError, match="is a lossy WebP"):
        decode_image(several)
    assert decode_image(several, may_be_grey=True).shape == (48, 64, 3)
