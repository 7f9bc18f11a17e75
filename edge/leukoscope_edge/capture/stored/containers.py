"""Is a file whole? Asked of its container, before any decoder sees it.

OpenCV fills what is missing of a picture and says nothing. Each format has its own way
to tell: a checksum on every chunk (PNG), lengths that must agree (BMP, WebP, TIFF),
markers that announce every part (JPEG).

Source: PNG 1.2, 3.2, and PNG 3 for `cICP`; Windows BITMAPFILEHEADER and
BITMAPINFOHEADER; RIFF for WebP.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from leukoscope_edge.capture.stored import jpeg, tiff
from leukoscope_edge.capture.stored.kinds import (
    BMP_START,
    HEAD_BYTES,
    PNG_START,
    kind_of,
)
from leukoscope_edge.capture.stored.parameter_set import HDR_TRANSFERS
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import Message, message

MAX_PIXELS = 1 << 26
"""64 megapixels: five times the largest sensor in use; the decoder's limit too."""
MAX_FILE_BYTES = 4 * MAX_PIXELS
RIFF, WEBP = b"RIFF", b"WEBP"
LOSSY = b"VP8 "
"""The chunk of a WebP file whose picture lost detail; "VP8L" lost none."""
PNG_COLOUR_AT, PNG_PALETTE = 25, 3
FEW_COLOURS, INKS = message("file-palette"), message("file-inks")
LOST_DETAIL = message("file-lossy-webp")
"""How much, nothing tells: its blocks are not those of a JPEG, whose strength
`vision.compression` finds."""
BMP_DEPTHS = (24, 32)
BMP_MASKED = frozenset({3, 6})
BMP_MASKS = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)
"""Where a pixel's red, green and blue lie, as OpenCV takes all of them."""
BMP_ROUND_BYTES = 4
"""Some programs round the file's length up; more than that is out of place."""
UM_PER_M = 1e6
ANIMATION_FLAG = 0x02
"""Of the flags of a WebP file's VP8X chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What a file says of its pictures.

    Attributes:
        n_bytes: As many belong to it; programs leave things behind the end.
        um_per_px: What it says that a pixel measures, None where nothing.
        jpeg_quality: As libjpeg counts it, None for other formats.
        pages: Of a TIFF file, those that are fields; None for other formats.
        spoilt: Why no cell may be judged by it though it can be decoded; None: it may.
    """

    n_bytes: int
    um_per_px: float | None = None
    jpeg_quality: int | None = None
    pages: tuple[tiff.Page, ...] | None = None
    spoilt: Message | None = None


def open_container(data: bytes) -> Container:
    """Check the container of a picture.

    Args:
        data: The whole file.

    Raises:
        SourceError: It is of no known kind, truncated, damaged or too large.
    """
    if len(data) == 0:
        raise SourceError(message("file-empty"))
    if len(data) > MAX_FILE_BYTES:
        raise SourceError(message("file-has-bytes", n=len(data), m=MAX_FILE_BYTES))
    for starts, check in KINDS.items():
        if data.startswith(starts):
            return check(data)
    raise _unknown(data)


def check_size(width: int, height: int) -> None:
    """Refuse what is too large to be one field.

    Raises:
        SourceError: It is.
    """
    if width * height > MAX_PIXELS:
        megapixels = MAX_PIXELS >> 20
        found = message("file-too-large", width=width, height=height, m=megapixels)
        raise SourceError(found)


def _jpeg(data: bytes) -> Container:
    read = jpeg.read_jpeg(data)
    check_size(read.width_px, read.height_px)
    if len(read.components) > jpeg.N_COLOURS:
        raise SourceError(INKS)
    if read.missing:
        raise _damaged(read.missing)
    return Container(
        n_bytes=len(data), um_per_px=read.um_per_px, jpeg_quality=read.quality
    )


def _png(data: bytes) -> Container:
    if len(data) >= 24:
        check_size(*struct.unpack_from(">II", data, 16))
    at, um_per_px = len(PNG_START), None
    while at + 12 <= len(data):
        n, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + n]
        checksum = data[at + 8 + n : at + 12 + n]
        if len(checksum) < 4:
            break
        if zlib.crc32(kind + body) != int.from_bytes(checksum, "big"):
            raise _damaged(message("damage-checksum"))
        if kind == b"acTL":
            raise SourceError(message("file-moving"))
        if kind == b"cICP" and n > 1 and body[1] in HDR_TRANSFERS:
            raise SourceError(message("video-hdr"))
        if kind == b"pHYs" and n == 9 and body[8] == 1 and any(body[:4]):
            um_per_px = UM_PER_M / int.from_bytes(body[:4], "big")
        at += 12 + n
        if kind == b"IEND":
            spoilt = FEW_COLOURS if data[PNG_COLOUR_AT] == PNG_PALETTE else None
            return Container(n_bytes=at, um_per_px=um_per_px, spoilt=spoilt)
    raise SourceError(message("file-truncated"))


def _bmp(data: bytes) -> Container:
    if len(data) < 54:
        raise SourceError(message("file-truncated"))
    start, header, width, height, _, depth, packing = struct.unpack_from(
        "<10xIIiiHHI", data
    )
    if header < 40 or depth not in BMP_DEPTHS:
        raise SourceError(message("file-bmp-bits", n=depth))
    if packing and not (packing in BMP_MASKED and data[54:66] == BMP_MASKS):
        raise SourceError(INKS)
    check_size(abs(width), abs(height))
    end = start + (abs(width) * depth // 8 + 3) // 4 * 4 * abs(height)
    if end > len(data):
        raise SourceError(message("file-truncated"))
    if len(data) - end >= BMP_ROUND_BYTES:
        raise _damaged(message("damage-size"))
    dots_per_m = struct.unpack_from("<i", data, 38)[0]
    um_per_px = UM_PER_M / dots_per_m if dots_per_m > 0 else None
    return Container(n_bytes=len(data), um_per_px=um_per_px)


def _webp(data: bytes) -> Container:
    if data[8:12] != WEBP:
        raise _unknown(data)
    if data[12:16] == b"VP8X" and data[20:21] and data[20] & ANIMATION_FLAG:
        raise SourceError(message("file-moving"))
    n_bytes = 8 + int.from_bytes(data[4:8], "little")
    if n_bytes > len(data):
        raise SourceError(message("file-truncated"))
    spoilt = LOST_DETAIL if LOSSY in _webp_chunks(data) else None
    return Container(n_bytes=n_bytes, spoilt=spoilt)


def _webp_chunks(data: bytes) -> frozenset[bytes]:
    """Return the names of a WebP file's chunks."""
    names, at = set(), 12
    while at + 8 <= len(data):
        names.add(data[at : at + 4])
        n_bytes = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + n_bytes + n_bytes % 2
    return frozenset(names)


def _tiff(data: bytes) -> Container:
    found = tiff.read_pages(data)
    if len(found) < tiff.n_announced(data):
        raise SourceError(message("file-moving"))
    pages = tiff.fields_of(found)
    for page in pages:
        _check_page(page)
    return Container(
        n_bytes=len(data),
        um_per_px=pages[0].um_per_px,
        pages=pages,
        spoilt=_spoilt(pages),
    )


def _check_page(page: tiff.Page) -> None:
    check_size(page.width_px, page.height_px)
    if page.has_gap:
        raise _damaged(message("damage-outside"))
    if not page.is_rgb:
        raise SourceError(INKS)
    if page.compression not in tiff.READ_COMPRESSIONS:
        number = page.compression
        kind = tiff.COMPRESSION_NAMES.get(number, str(number))
        raise SourceError(message("file-packed", kind=kind))


def _spoilt(pages: tuple[tiff.Page, ...]) -> Message | None:
    if any(p.has_palette for p in pages):
        return FEW_COLOURS
    return message("file-channels") if any(p.is_one_colour for p in pages) else None


def _big_tiff(_: bytes) -> Container:
    raise SourceError(message("file-big-tiff"))


def _unknown(data: bytes) -> SourceError:
    kind = kind_of(data[:HEAD_BYTES])
    return SourceError(
        message("file-other-kind", kind=kind) if kind else message("file-unknown")
    )


def _damaged(why: Message) -> SourceError:
    return SourceError(message("file-damaged", why=why))


KINDS: dict[bytes | tuple[bytes, ...], Callable[[bytes], Container]] = {
    jpeg.START: _jpeg,
    PNG_START: _png,
    BMP_START: _bmp,
    tiff.STARTS: _tiff,
    tiff.BIG_STARTS: _big_tiff,
    RIFF: _webp,
}
