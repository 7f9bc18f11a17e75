"""A file of many pages is many fields, or one field many times."""

import contextlib
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture.stored import ImageReplay, read_picture, tiff
from leukoscope_edge.capture.stored.containers import open_container
from leukoscope_edge.capture.stored.tiff import Page, fields_of, read_pages
from leukoscope_edge.errors import SourceError
from leukoscope_edge.types import Frame


def picture(height: int, width: int, shade: int) -> np.ndarray:
    pixels = np.full((height, width, 3), shade, np.uint8)
    pixels[..., 0] = 20
    return pixels


def stack(*pictures: np.ndarray) -> bytes:
    found, data = cv2.imencodemulti(".tiff", list(pictures))
    assert found
    return bytes(np.asarray(data))


@pytest.mark.parametrize(
    "data",
    [
        b"II*\x00" + bytes(4),  # no page at all
        b"II*\x00\x08\x00\x00\x00" + bytes(6),  # a page without width or height
        b"II*\x00\xff\x00\x00\x00",  # its list lies behind the end
        b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x00\x00\x03" + bytes(12),  # no value
    ],
)
def test_a_list_of_pages_that_says_nothing_is_damaged(data: bytes) -> None:
    with pytest.raises(SourceError, match="list of pages cannot be read"):
        read_picture(data)


def test_no_change_of_a_head_is_more_than_a_refusal() -> None:
    whole, random = stack(picture(48, 64, 80)), np.random.default_rng(0)
    first = int.from_bytes(whole[4:8], "little")
    for _ in range(400):
        data = bytearray(whole)
        for at in random.integers(first, len(data), 4):
            data[at] = random.integers(256)
        with contextlib.suppress(SourceError):
            fields_of(read_pages(bytes(data)))


def page(width: int, height: int, index: int = 0, *, is_reduced: bool = False) -> Page:
    return Page(index=index, width_px=width, height_px=height, is_reduced=is_reduced)


@pytest.mark.parametrize(
    ("pages", "indices"),
    [
        ([page(64, 48)], [0]),
        ([page(64, 48), page(64, 48, 1)], [0, 1]),
        ([page(16, 12), page(64, 48, 1), page(32, 24, 2)], [1]),
        ([page(64, 48), page(64, 48, 1, is_reduced=True)], [0]),
        ([page(16, 12, is_reduced=True)], [0]),
    ],
)
def test_a_stack_is_fields_and_a_pyramid_one(
    pages: list[Page], indices: list[int]
) -> None:
    assert [p.index for p in fields_of(tuple(pages))] == indices


def test_pictures_of_different_shapes_are_refused_by_name() -> None:
    with pytest.raises(SourceError, match="2 pictures of different shapes"):
        fields_of((page(64, 48), page(64, 10, 1)))
    with pytest.raises(SourceError, match="2 pictures of different shapes"):
        fields_of((page(64, 48), page(64, 0, 1)))


def test_every_page_of_a_stack_is_a_frame_of_its_own_name(tmp_path: Path) -> None:
    pictures = [picture(48, 64, shade) for shade in (80, 120, 160, 200)]
    (tmp_path / "a.tif").write_bytes(stack(*pictures))
    (tmp_path / "b.tif").write_bytes(stack(pictures[0]))
    paths = [tmp_path / "a.tif", tmp_path / "b.tif"]
    with ImageReplay(paths, None) as camera:
        frames = [camera.read() for _ in range(6)]
    names = [f.name for f in frames if isinstance(f, Frame)]
    assert names == ["a.tif", "a.tif page 2", "a.tif page 3", "a.tif page 4", "b.tif"]
    reds = [int(f.pixels[0, 0, 0]) for f in frames if isinstance(f, Frame)]
    assert reds == [80, 120, 160, 200, 80]
    assert frames[5] is None


def test_damage_of_a_later_page_is_damage() -> None:
    rng = np.random.default_rng(0)
    whole = rng.integers(60, 90, (48, 64, 3), np.uint8)
    blank = whole.copy()
    blank.reshape(-1, 3)[1000:2500] = 128
    data = stack(whole, blank)
    assert read_picture(data, 0).n_pages == 2
    with pytest.raises(SourceError, match="is damaged"):
        read_picture(data, 1)


def test_of_a_pyramid_the_largest_page_is_judged() -> None:
    data = stack(picture(12, 16, 80), picture(48, 64, 120), picture(24, 32, 160))
    found = read_picture(data)
    assert found.pixels.shape == (48, 64, 3)
    assert found.n_pages == 1


def tagged(*entries: tuple[int, int, bytes], text: bytes = b"") -> bytes:
    """A TIFF of one page that is nothing but tags and what they point to."""
    own = [(256, 4, struct.pack("<I", 64)), (257, 4, struct.pack("<I", 48)), *entries]
    at = 8 + 2 + 12 * (len(own) + bool(text)) + 4
    body = b""
    if text:
        own.append((270, 2, text))
    fields, tail = b"", b""
    for tag, kind, value in sorted(own):
        size = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}[kind]
        count = len(value) // size
        where = value.ljust(4, b"\0")
        if len(value) > 4:
            where, tail = struct.pack("<I", at + len(tail)), tail + value
        fields += struct.pack("<HHI", tag, kind, count) + where
    head = b"II*\0" + struct.pack("<IH", 8, len(own))
    return head + fields + bytes(4) + tail + body


RESOLUTION = (282, 5, struct.pack("<II", 100_000, 1))
IN_CM, IN_INCHES, NO_UNIT = ((296, 3, struct.pack("<H", u)) for u in (3, 2, 1))


@pytest.mark.parametrize(
    ("data", "um_per_px"),
    [
        (tagged(), None),
        (tagged(RESOLUTION, IN_CM), 0.1),
        (tagged(RESOLUTION, IN_INCHES), 0.254),
        (tagged(RESOLUTION, NO_UNIT), None),
        (tagged((282, 5, struct.pack("<II", 1, 0)), IN_CM), None),
        (
            tagged((282, 5, struct.pack("<II", 5, 1)), text=b"ImageJ=1\nunit=micron\n"),
            0.2,
        ),
        (tagged(text=b"Aperio|MPP = 0.2527|x"), 0.2527),
        (tagged(text=b'<Pixels PhysicalSizeX="0.08"/>'), 0.08),
        (tagged(text=b'<P PhysicalSizeX="80" PhysicalSizeXUnit="nm"/>'), 0.08),
        (tagged(text=b'<P PhysicalSizeX="80" PhysicalSizeXUnit="px"/>'), None),
    ],
)
def test_what_a_pixel_measures_is_read_in_each_custom(
    data: bytes, um_per_px: float | None
) -> None:
    (found,) = read_pages(data)
    expected = None if um_per_px is None else pytest.approx(um_per_px, rel=1e-3)
    assert found.um_per_px == expected


@pytest.mark.parametrize("n", [8, 9, 20, 30])
def test_a_cut_directory_is_damage(n: int) -> None:
    with pytest.raises(SourceError, match="is damaged"):
        read_pages(tagged()[:n])


def test_a_page_that_follows_itself_is_damage() -> None:
    data = bytearray(tagged())
    data[-4:] = struct.pack("<I", 8)
    with pytest.raises(SourceError, match="follows itself"):
        read_pages(bytes(data))


def chained(*nexts: int) -> bytes:
    """Pages one behind the other, each with the place of the next."""
    one = tagged()[8:-4]
    places = [8 + i * (len(one) + 4) for i in range(len(nexts))]
    follow = [places[n] if 0 < n < len(places) else n for n in nexts]
    return (
        b"II*\0"
        + struct.pack("<I", 8)
        + b"".join(one + struct.pack("<I", n) for n in follow)
    )


def test_damage_behind_the_first_page_is_damage_all_the_same() -> None:
    assert len(read_pages(chained(1, 2, 0))) == 3
    with pytest.raises(SourceError, match="list of pages cannot be read"):
        read_pages(chained(1, 100_000))


def test_of_too_long_a_list_the_first_pages_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tiff, "MAX_PAGES", 2)
    assert len(read_pages(chained(1, 2, 0))) == 2


@pytest.mark.parametrize(("mark", "is_reduced"), [(0, False), (1, True), (2, False)])
def test_a_smaller_copy_says_so_with_one_bit(mark: int, *, is_reduced: bool) -> None:
    (found,) = read_pages(tagged((254, 4, struct.pack("<I", mark))))
    assert found.is_reduced == is_reduced


@pytest.mark.parametrize(
    ("number", "is_rgb"),
    [(0, 1), (1, 1), (2, 1), (3, 1), (4, 0), (5, 0), (6, 1), (8, 0)],
)
@pytest.mark.parametrize(("kind", "letter"), [(1, "B"), (3, "H"), (4, "I")])
def test_inks_and_cielab_are_no_colours_of_a_camera(
    number: int, is_rgb: int, kind: int, letter: str
) -> None:
    (found,) = read_pages(tagged((262, kind, struct.pack(f"<{letter}", number))))
    assert found.is_rgb == bool(is_rgb)
    assert found.has_palette == (number == 3)


def strips(*parts: tuple[int, int], packed: int = 1, depth: int = 8) -> bytes:
    """A page of 64 x 48 pixels whose data lie in these places."""
    at = struct.pack(f"<{len(parts)}I", *(a for a, _ in parts))
    n = struct.pack(f"<{len(parts)}I", *(n for _, n in parts))
    how = (259, 3, struct.pack("<H", packed)), (258, 3, struct.pack("<H", depth))
    return tagged(*how, (273, 4, at), (279, 4, n)).ljust(4000, b"\0")


TILES = 324, 4, struct.pack("<I", 500)
OFFSETS, COUNTS = (273, 4, struct.pack("<I", 500)), (279, 4, struct.pack("<I", 3500))


@pytest.mark.parametrize(
    ("data", "has_gap"),
    [
        (strips((500, 3072)), False),
        (strips((500, 3071)), True),  # a byte too few
        (strips((500, 3071), packed=5), False),  # packed: nobody can say
        (strips((500, 3072), depth=16), True),
        (strips((928, 3072)), False),  # to the very end
        (strips((929, 3072)), True),
        (strips((600, 2000), (2600, 1400)), False),
        (strips((600, 2000), (2599, 1400)), True),  # they overlap
        (strips((500, 1100), (1599, 900), (2500, 1100)), True),
        (strips((2600, 1400), (600, 2000)), False),  # in any order
        (strips((600, 2000), (2601, 1400)), True),  # the last one ends outside
        (tagged(), True),  # no data at all
        (tagged(TILES), False),
        (tagged(TILES, OFFSETS, COUNTS), False),
        (tagged(OFFSETS), False),  # some programs leave the lengths out
        (tagged(COUNTS), True),
    ],
)
def test_a_gap_is_data_outside_the_file_or_too_few(
    data: bytes, *, has_gap: bool
) -> None:
    assert read_pages(data)[0].has_gap == has_gap


def test_a_list_that_is_longer_than_the_file_is_damage() -> None:
    data = bytearray(tagged(OFFSETS))
    at = data.index(struct.pack("<HH", 273, 4))
    data[at + 4 : at + 8] = b"\xff" * 4
    with pytest.raises(SourceError, match="list of pages cannot be read"):
        read_pages(bytes(data))


@pytest.mark.parametrize(
    ("entries", "text", "why"),
    [
        ([(259, 3, struct.pack("<H", 50000))], b"", r"not read here \(Zstandard\)"),
        ([(259, 3, struct.pack("<H", 61000))], b"", r"not read here \(61000\)"),
        ([(277, 3, struct.pack("<H", 5))], b"", "colours in a way"),
        ([], b"ImageJ=1.54f\nimages=300\nframes=300\n\0", "several pictures"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_cannot_be_read_is_refused_by_its_own_name(
    entries: list[tuple[int, int, bytes]], text: bytes, why: str
) -> None:
    strip = [(273, 4, struct.pack("<I", 8)), (279, 4, struct.pack("<I", 9))]
    with pytest.raises(SourceError, match=why):
        open_container(tagged(*entries, *strip, text=text) + bytes(9))


@pytest.mark.parametrize(
    "text",
    [
        b"ImageJ=1.54f\nimages=3\nchannels=3\nmode=composite\n\0",
        b'<?xml version="1.0"?><OME><Pixels SizeC="3" SizeT="1"/></OME>\0',
    ],
)
@pytest.mark.parametrize(("samples", "is_apart"), [(1, True), (3, False)])
def test_colours_in_pages_apart_are_no_fields(
    text: bytes, samples: int, *, is_apart: bool
) -> None:
    (found,) = read_pages(tagged((277, 3, struct.pack("<H", samples)), text=text))
    assert found.is_one_colour == is_apart


@pytest.mark.parametrize("quality", [40, 90])
def test_a_jpeg_inside_tells_how_much_it_lost(quality: int) -> None:
    found, file = cv2.imencode(
        ".jpg", picture(48, 64, 80), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    assert found
    jpeg, at = file.tobytes(), struct.pack("<I", 1 << 10)
    length = struct.pack("<I", len(jpeg))
    strip = [(259, 3, struct.pack("<H", 7)), (273, 4, at), (279, 4, length)]
    for place in (strip, [*strip, (347, 1, jpeg)]):
        (read,) = read_pages(tagged(*place).ljust(1 << 10, b"\0") + jpeg)
        assert read.jpeg_quality == quality
    (cut,) = read_pages(tagged(*strip).ljust(1 << 10, b"\0") + jpeg[:-9])
    assert cut.jpeg_quality == quality
