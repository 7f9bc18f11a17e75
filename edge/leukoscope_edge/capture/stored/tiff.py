"""What the directories of a TIFF file say, without decoding it.

A file can hold many fields (a stack), or one field many times (a pyramid, whose first
page may be a thumbnail). Which it is stands in its directories, and so does what a
pixel measures, in one of three customs.

Source: TIFF 6.0 (1992); ImageJ's and Aperio's notes in `ImageDescription`; OME-TIFF.
"""

import re
import struct
from dataclasses import dataclass, field

from leukoscope_edge.capture.stored import jpeg
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message

STARTS = (b"II*\x00", b"MM\x00*")
BIG_STARTS = (b"II+\x00", b"MM\x00+")
MAX_PAGES = 10_000
"""A stack of more is no set of fields."""
REDUCED, WIDTH, HEIGHT, COMPRESSION, DESCRIPTION = 254, 256, 257, 259, 270
OFFSETS, SAMPLES, ROWS, COUNTS, X_RESOLUTION, UNIT = 273, 277, 278, 279, 282, 296
BITS, PHOTOMETRIC, TILE_OFFSETS, SUB_PAGES = 258, 262, 324, 330
JPEG_TABLES = 347
READ_AS_RGB, PALETTE = frozenset({0, 1, 2, 3, 6}), 3
MAX_SAMPLES = 4
"""Of a pixel: three colours and transparency."""
NOT_COMPRESSED, AS_JPEG = 1, 7
READ_COMPRESSIONS = frozenset({NOT_COMPRESSED, 2, 3, 4, 5, 6, AS_JPEG, 8, 32773, 32946})
"""None, fax, LZW, JPEG of two kinds, Deflate, PackBits, Deflate's earlier number: what
every libtiff decodes. Others hang on how it was built."""
COMPRESSION_NAMES = {33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000"}
COMPRESSION_NAMES |= {34887: "LERC", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP"}
COMPRESSION_NAMES |= {22610: "JPEG XR", 34892: "lossy DNG", 50002: "JPEG XL"}
SIZES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 13: 4}
"""Bytes of each type of value; of the others one."""
UM_PER_UNIT = {2: 25400.0, 3: 10000.0}
UM_OF_NAME = {"micron": 1.0, "um": 1.0, "µm": 1.0, "mm": 1000.0, "cm": 10000.0}
UM_OF_NAME |= {"nm": 0.001, "inch": 25400.0, "\\u00b5m": 1.0, "μm": 1.0}
NO_PAGES = message("file-damaged", why=message("damage-pages"))
PAGES_LOOP = message("file-damaged", why=message("damage-loop"))
SAME_SHAPE = 0.02
"""Relative: the levels of a pyramid are rounded to whole pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One picture of a file.

    Attributes:
        index: Its place, from 0.
        width_px: Of it.
        height_px: Of it.
        is_reduced: Called a smaller copy of another by the file.
        um_per_px: What the file says that a pixel measures, None where nothing.
        has_gap: Its stored data are fewer than its size needs, as far as can be told.
        is_rgb: Its numbers are grey, RGB, a palette's or YCbCr, not inks or CIELAB.
        has_palette: They are places in a table of few colours.
        compression: Its number, as the file says it.
        jpeg_quality: Of a JPEG in it, as libjpeg counts it; None where there is none.
        is_one_colour: It is one of the colours of a field, which lie in pages apart.
    """

    index: int
    width_px: int
    height_px: int
    is_reduced: bool = False
    um_per_px: float | None = None
    has_gap: bool = False
    is_rgb: bool = True
    has_palette: bool = False
    compression: int = NOT_COMPRESSED
    jpeg_quality: int | None = None
    is_one_colour: bool = False


@dataclass(frozen=True, slots=True)
class _File:
    data: bytes
    order: str

    def number(self, kind: str, at: int) -> int:
        return int(struct.unpack_from(self.order + kind, self.data, at)[0])


@dataclass(slots=True)
class _Directory:
    values: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """Tag to type, count and the place of the value."""


def read_pages(data: bytes) -> tuple[Page, ...]:
    """Return every page of a file.

    Raises:
        SourceError: Its directories are damaged.
    """
    file = _File(data, "<" if data[:2] == b"II" else ">")
    pages: list[Page] = []
    seen: set[int] = set()
    try:
        at = file.number("I", 4)
        while at and len(pages) < MAX_PAGES:
            if at in seen:
                raise SourceError(PAGES_LOOP)
            seen.add(at)
            directory, at = _directory(file, at)
            pages.append(_page(file, directory, len(pages)))
    except (struct.error, IndexError, KeyError, ValueError) as err:
        raise SourceError(NO_PAGES) from err
    if not pages:
        raise SourceError(NO_PAGES)
    return tuple(pages)


def fields_of(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """Return the pages that are fields: all of a stack, the largest of a pyramid.

    Raises:
        SourceError: It holds pictures of different shapes, which are no fields alike.
    """
    whole = [p for p in pages if not p.is_reduced] or list(pages)
    largest = max(whole, key=lambda p: p.width_px * p.height_px)
    size = largest.width_px, largest.height_px
    if all((p.width_px, p.height_px) == size for p in whole):
        return tuple(whole)
    if all(_is_like(p, largest) for p in whole):
        return (largest,)
    raise SourceError(message("file-shapes", n=len(pages)))


def _is_like(page: Page, largest: Page) -> bool:
    shape = page.width_px * largest.height_px, page.height_px * largest.width_px
    return abs(shape[0] / max(shape[1], 1) - 1) <= SAME_SHAPE


def _directory(file: _File, at: int) -> tuple[_Directory, int]:
    directory = _Directory()
    n = file.number("H", at)
    for place in range(at + 2, at + 2 + 12 * n, 12):
        tag, kind = file.number("H", place), file.number("H", place + 2)
        count = file.number("I", place + 4)
        n_bytes = SIZES.get(kind, 1) * count
        value_at = place + 8 if n_bytes <= 4 else file.number("I", place + 8)
        directory.values[tag] = kind, count, value_at
    return directory, file.number("I", at + 2 + 12 * n)


def _values(file: _File, directory: _Directory, tag: int) -> list[int]:
    if tag not in directory.values:
        return []
    kind, count, at = directory.values[tag]
    letter = {1: "B", 3: "H", 4: "I", 13: "I"}[kind]
    return list(struct.unpack_from(f"{file.order}{count}{letter}", file.data, at))


def _page(file: _File, directory: _Directory, index: int) -> Page:
    (width,), (height,) = (_values(file, directory, t)[:1] for t in (WIDTH, HEIGHT))
    return Page(
        index=index,
        width_px=width,
        height_px=height,
        is_reduced=bool(sum(_values(file, directory, REDUCED)) & 1),
        um_per_px=_um_per_px(file, directory),
        has_gap=_has_gap(file, directory, width, height),
        is_rgb=set(_values(file, directory, PHOTOMETRIC)) <= READ_AS_RGB
        and sum(_values(file, directory, SAMPLES)) <= MAX_SAMPLES,
        has_palette=PALETTE in _values(file, directory, PHOTOMETRIC),
        compression=(*_values(file, directory, COMPRESSION), NOT_COMPRESSED)[0],
        jpeg_quality=_jpeg_quality(file, directory),
        is_one_colour=_is_one_colour(file, directory),
    )


def _jpeg_quality(file: _File, directory: _Directory) -> int | None:
    """Return the quality by the tables, which stand apart or in the first part."""
    if _values(file, directory, COMPRESSION) != [AS_JPEG]:
        return None
    starts = _values(file, directory, OFFSETS) + _values(file, directory, TILE_OFFSETS)
    _, n_bytes, at = directory.values.get(JPEG_TABLES, (7, 0, 0))
    for data in (file.data[at : at + n_bytes], *(file.data[i:] for i in starts[:1])):
        if (quality := jpeg.read_part(data).quality) is not None:
            return quality
    return None


def _is_one_colour(file: _File, directory: _Directory) -> bool:
    """Say whether ImageJ or OME wrote the colours of a field as pages of their own."""
    found = re.search(r'^channels=(\d+)|\bSizeC="(\d+)"', _text(file, directory), re.M)
    is_grey = sum(_values(file, directory, SAMPLES)) <= 1
    return is_grey and found is not None and int(found[1] or found[2]) > 1


def n_announced(data: bytes) -> int:
    """Return how many pictures ImageJ says a file holds, 0 where it says nothing.

    Above 4 GB it writes one directory, and the other pictures behind the first.
    """
    file = _File(data, "<" if data[:2] == b"II" else ">")
    directory, _ = _directory(file, file.number("I", 4))
    found = re.search(r"^images=(\d{1,9})$", _text(file, directory), re.M)
    return int(found[1]) if found else 0


def _has_gap(file: _File, directory: _Directory, width: int, height: int) -> bool:
    """Say whether the strips lie outside the file, overlap, or are too few bytes."""
    offsets, counts = (_values(file, directory, t) for t in (OFFSETS, COUNTS))
    if TILE_OFFSETS in directory.values or len(offsets) != len(counts):
        return not offsets and TILE_OFFSETS not in directory.values
    parts = sorted(zip(offsets, counts, strict=True))
    ends = [at + n for at, n in parts]
    if any(end > at for end, (at, _) in zip(ends, parts[1:], strict=False)):
        return True
    if not ends or ends[-1] > len(file.data):
        return True
    if _values(file, directory, COMPRESSION) != [NOT_COMPRESSED]:
        return False
    depth = sum(_values(file, directory, BITS)) // 8
    return sum(counts) < width * height * depth


def _um_per_px(file: _File, directory: _Directory) -> float | None:
    text = _text(file, directory)
    if found := re.search(r"\bMPP ?= ?([\d.]+)", text):
        return _float(found[1])
    if found := re.search(r'PhysicalSizeX="([\d.eE+-]+)"', text):
        unit = re.search(r'PhysicalSizeXUnit="([^"]+)"', text)
        times = UM_OF_NAME.get(unit[1] if unit else "µm")
        value = _float(found[1])
        return None if value is None or times is None else value * times
    dots = _x_resolution(file, directory)
    if not dots:
        return None
    if found := re.search(r"^unit=(\S+)", text, re.MULTILINE):
        times = UM_OF_NAME.get(found[1])
        return times / dots if times else None
    (unit_id,) = _values(file, directory, UNIT)[:1] or [2]
    return UM_PER_UNIT[unit_id] / dots if unit_id in UM_PER_UNIT else None


def _text(file: _File, directory: _Directory) -> str:
    if DESCRIPTION not in directory.values:
        return ""
    _, count, at = directory.values[DESCRIPTION]
    return file.data[at : at + count].decode("utf-8", "replace")


def _x_resolution(file: _File, directory: _Directory) -> float:
    if X_RESOLUTION not in directory.values:
        return 0.0
    at = directory.values[X_RESOLUTION][2]
    above, below = file.number("I", at), file.number("I", at + 4)
    return above / below if below else 0.0


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
