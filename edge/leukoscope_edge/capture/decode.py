"""From the bytes of an image file to RGB pixels, or one line that says why not.

Only four formats are let through to OpenCV, by their first bytes. JPEG and PNG files
are checked for their end first: OpenCV fills the missing part of a truncated file with
grey and says nothing.
"""

import cv2
import numpy as np

from leukoscope_edge.errors import SourceError
from leukoscope_edge.types import U8

MAX_PIXELS = 1 << 26
"""64 megapixels: five times the largest sensor in use; the decoder's limit too."""
MAX_FILE_BYTES = 4 * MAX_PIXELS

JPEG_START, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
PNG_START, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
OTHER_STARTS = (b"BM", b"II*\x00", b"MM\x00*")
JPEG_START_OF_SCAN = 0xDA
JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_BARE_MARKERS = frozenset(range(0xD0, 0xD8)) | {0x01, 0xFF}


def decode_image(data: bytes) -> U8:
    """Decode one JPEG, PNG, BMP or TIFF file.

    Args:
        data: The whole file.

    Returns:
        (H, W, 3) uint8, RGB, as stored (an EXIF rotation is not applied, so that
        boxes stay in the file's own pixels).

    Raises:
        SourceError: It is not one of these formats, truncated, damaged, too large,
            not 8 bits deep, or has no colour. The message says what to do.
    """
    _check_container(data)
    pixels = _decode(data)
    if pixels.dtype != np.uint8:
        raise SourceError(
            f"has {8 * pixels.itemsize} bits per channel, expected 8: "
            "save it as an 8-bit colour PNG or JPEG"
        )
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or _is_grey(pixels):
        raise SourceError(
            "has no colour, and a stain cannot be judged without: "
            "take it with the camera in colour mode"
        )
    rgb = cv2.cvtColor(
        pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGB
    )
    return np.asarray(rgb, np.uint8)


def _check_container(data: bytes) -> None:
    if len(data) == 0:
        raise SourceError("is empty: copy it again")
    if len(data) > MAX_FILE_BYTES:
        raise SourceError(f"has {len(data)} bytes, at most {MAX_FILE_BYTES} are read")
    if data.startswith(JPEG_START):
        _check_jpeg(data)
    elif data.startswith(PNG_START):
        _check_png(data)
    elif not data.startswith(OTHER_STARTS):
        raise SourceError(
            "is not an image of a known kind (JPEG, PNG, BMP, TIFF): remove it, "
            "or save it as one of these"
        )


def _check_png(data: bytes) -> None:
    width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
    _check_size(width, height)
    if PNG_END not in data[-64:]:
        raise SourceError("is truncated (its end is missing): copy it again")


def _check_jpeg(data: bytes) -> None:
    """Walk the segments up to the picture, then look for its end behind them."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in JPEG_BARE_MARKERS:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == JPEG_START_OF_SCAN:
            break
        if marker in JPEG_SIZE_MARKERS:
            height, width = (
                int.from_bytes(data[at + i : at + i + 2], "big") for i in (5, 7)
            )
            _check_size(width, height)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    if data.find(JPEG_END, at) < 0:
        raise SourceError("is truncated (its end is missing): copy it again")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise SourceError(
            f"has {width} x {height} pixels, at most {MAX_PIXELS >> 20} megapixels "
            "are read: save single fields"
        )


def _decode(data: bytes) -> U8:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise SourceError(
            "cannot be decoded (damaged, or larger than "
            f"{MAX_PIXELS >> 20} megapixels): copy it again"
        )
    _check_size(pixels.shape[1], pixels.shape[0])
    return np.asarray(pixels)


def _is_grey(pixels: U8) -> bool:
    blue, green, red = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return bool(np.array_equal(blue, green) and np.array_equal(green, red))
