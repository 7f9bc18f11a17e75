"""What the markers of a JPEG file say, without decoding it.

Whether every part of the picture is announced (a progressive file that was cut and
closed is only blurred, and no decoder objects), how much was thrown away to make it
small, and what its pixels are said to measure.

Source: ITU-T T.81 (1992), B.2 and G.1; JFIF 1.02 for the density.
"""

from dataclasses import dataclass, field

from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import Message, message

START, END = b"\xff\xd8\xff", b"\xff\xd9"
SCAN, TABLES, JFIF, HUFFMAN, EXTENSION, ARITHMETIC = 0xDA, 0xDB, 0xE0, 0xC4, 0xC8, 0xCC
SIZES = frozenset(range(0xC0, 0xD0)) - {HUFFMAN, EXTENSION, ARITHMETIC}
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
BARE = frozenset(range(0xD0, 0xD8)) | {0x01, 0xFF}
IN_DATA = frozenset(range(0xD0, 0xD8)) | {0x00}
"""What may follow 0xFF inside a scan: a stuffed byte, a restart marker."""
N_COLOURS = 3
"""Components of a picture of light; a fourth are inks (CMYK, YCCK)."""
STANDARD_SUM = 3688
"""Of the luminance table that T.81 gives as example (K.1): quality 50 of libjpeg."""
WIDE = b"\x10"
"""First byte of a table whose numbers are of two bytes, or above."""
UM_PER_UNIT = {1: 25400.0, 2: 10000.0}
"""JFIF: dots per inch, dots per centimetre."""


@dataclass(slots=True, kw_only=True)
class Jpeg:
    """What the markers say.

    Attributes:
        width_px: Of the picture.
        height_px: Of the picture.
        quality: As libjpeg counts it, 1..100, from the luminance table; None where the
            file holds no table.
        um_per_px: By its density; None where it gives none.
        missing: Why the picture cannot be whole, None where it may be.
        is_cut: Whether its end is missing.
    """

    width_px: int = 0
    height_px: int = 0
    quality: int | None = None
    um_per_px: float | None = None
    missing: Message | None = None
    is_cut: bool = False
    is_progressive: bool = False
    components: frozenset[int] = frozenset()
    sent: dict[tuple[int, int], int] = field(default_factory=dict)


def read_jpeg(data: bytes) -> Jpeg:
    """Walk a file from marker to marker.

    Args:
        data: The whole file, which begins as a JPEG does.

    Raises:
        SourceError: Its end is missing.
    """
    jpeg = read_part(data)
    if jpeg.is_cut:
        raise SourceError(message("file-truncated"))
    return jpeg


def read_part(data: bytes) -> Jpeg:
    """Walk as much of a JPEG as there is, from marker to marker."""
    jpeg, at, is_over = Jpeg(), 2, False
    while at + 4 <= len(data) and not is_over:
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker in BARE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == END[1]:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        _read_segment(jpeg, marker, data[at + 4 : at + 2 + length])
        at += 2 + length
        if marker == SCAN:
            at = _after_scan(data, at)
    jpeg.is_cut = data.find(END, min(at, len(data))) < 0
    jpeg.missing = _missing(jpeg)
    return jpeg


def _read_segment(jpeg: Jpeg, marker: int, body: bytes) -> None:
    if marker in SIZES and len(body) >= 6:
        jpeg.height_px = int.from_bytes(body[1:3], "big")
        jpeg.width_px = int.from_bytes(body[3:5], "big")
        jpeg.components = frozenset(body[6::3])
        jpeg.is_progressive = marker in PROGRESSIVE
    elif marker == TABLES and jpeg.quality is None:
        jpeg.quality = _quality(body)
    elif marker == JFIF and body[:5] == b"JFIF\0" and len(body) >= 12:
        dots = int.from_bytes(body[8:10], "big")
        if body[7] in UM_PER_UNIT and dots:
            jpeg.um_per_px = UM_PER_UNIT[body[7]] / dots
    elif marker == SCAN and body:
        _note_scan(jpeg, body)


def _quality(body: bytes) -> int | None:
    """Return the quality at which libjpeg would write a table of this sum.

    None where the table is cut.

    Source: jcparam.c of libjpeg: the table of T.81 times 50/Q below 50, times
    (100 - Q)/50 from there on.
    """
    step = 2 if body[:1] >= WIDE else 1
    table = body[1 : 1 + 64 * step]
    if len(table) < 64 * step:
        return None
    places = range(0, len(table), step)
    total = sum(int.from_bytes(table[i : i + step], "big") for i in places)
    ratio = total / STANDARD_SUM
    quality = 50 / ratio if ratio > 1 else 100 - 50 * ratio
    return max(1, min(100, round(quality)))


def _note_scan(jpeg: Jpeg, body: bytes) -> None:
    """Put down which coefficients of which components a scan brings, to which bit."""
    n = body[0]
    ids, rest = body[1 : 1 + 2 * n : 2], body[1 + 2 * n :]
    if len(rest) < 3:
        return
    first, last, low_bit = rest[0], rest[1], rest[2] & 15
    if not jpeg.is_progressive:
        first, last, low_bit = 0, 63, 0
    for component in ids:
        for k in range(first, min(last, 63) + 1):
            jpeg.sent[component, k] = low_bit


def _after_scan(data: bytes, at: int) -> int:
    """Return where the next marker stands behind a scan's data."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] not in IN_DATA and data[at + 1] != 0xFF:
            return at
        at += 1
    return len(data)


def _missing(jpeg: Jpeg) -> Message | None:
    """Return what of the picture no scan brings."""
    sent = jpeg.sent
    whole = all(sent.get((c, k), 1) == 0 for c in jpeg.components for k in range(64))
    return None if whole else message("damage-unwritten")
