"""From the bytes of an image file to RGB pixels, or one line that says why not.

Five formats are let through to OpenCV, by their first bytes and only where their
container is whole (`stored.containers`). What the decoder complains of and what no
microscope shows (`stored.damage`) is refused as damaged: half a picture is not judged.
"""

import re
import stat
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored.containers import (
    INKS,
    MAX_FILE_BYTES,
    MAX_PIXELS,
    check_size,
    open_container,
)
from leukoscope_edge.capture.stored.damage import damage_of
from leukoscope_edge.capture.stored.drawn import extremes
from leukoscope_edge.capture.stored.kinds import BMP_START
from leukoscope_edge.capture.stored.library_output import caught_output
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message
from leukoscope_edge.types import PictureFacts

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_PIXELS",
    "Picture",
    "decode_image",
    "decode_own",
    "read_picture",
    "regular",
]

MAX_GREY_LEVELS = 3
"""Largest difference of two channels in a grey picture that went through a video."""
OPAQUE = 255
LOG_PLACE = re.compile(r"^\[[^]]*\] global \S+ (\(\S+\) )?")
"""What OpenCV's log writes in front: level, time, and a line of its source."""
UNKNOWN_TAG, FIRST_PRIVATE_TAG = re.compile(r"Unknown field with tag (\d+)"), 32768
"""Programs for microscopes and pictures keep their own notes in tags from there on:
ImageJ, Micro-Manager, Zeiss, MetaMorph. Source: TIFF 6.0, "Private fields"."""
PNG_NOTE = re.compile(r"libpng warning: [a-z][A-Za-z]{3}: ")
"""Of a chunk that is no part of the picture, by the case of its first letter: colour
profiles of Photoshop and others are wrong in small things."""
HARMLESS = "does not end in null byte", "doesn't match SamplesPerPixel"
"""Texts of libtiff's warnings of a note that is not closed, and of a fourth channel
without a meaning."""
GREY = message("file-grey")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of a file.

    Attributes:
        pixels: (H, W, 3) uint8, RGB, as stored (an EXIF rotation is not applied, so
            that boxes stay in the file's own pixels).
        n_pages: Fields in the file: 1, or the pages of a TIFF stack.
        facts: What the file says of it.
    """

    pixels: U8
    n_pages: int
    facts: PictureFacts


def read_picture(data: bytes, page: int = 0) -> Picture:
    """Decode one field of a JPEG, PNG, BMP, TIFF or WebP file.

    Args:
        data: The whole file.
        page: Which of its fields, from 0.

    Raises:
        SourceError: It is not one of these formats, truncated, damaged, too large,
            not 8 bits deep, a lossy WebP, transparent, or has few colours or none. The
            message says what to do.
    """
    container = open_container(data)
    if container.spoilt is not None:
        raise SourceError(container.spoilt)
    pages = container.pages
    index = pages[page].index if pages else 0
    pixels = _decode(data[: container.n_bytes], index)
    if _is_transparent(pixels) and not data.startswith(BMP_START):
        raise SourceError(message("file-transparent"))
    rgb = _rgb(pixels)
    if is_grey(rgb):
        raise SourceError(GREY)
    if why := damage_of(rgb):
        raise SourceError(message("file-damaged", why=why))
    facts = PictureFacts(
        um_per_px=pages[page].um_per_px if pages else container.um_per_px,
        jpeg_quality=pages[page].jpeg_quality if pages else container.jpeg_quality,
    )
    return Picture(pixels=rgb, n_pages=len(pages) if pages else 1, facts=facts)


def decode_image(data: bytes, *, may_be_grey: bool = False) -> U8:
    """Decode the only, or first, picture of a file, as `read_picture` does.

    Args:
        data: The whole file.
        may_be_grey: As of a stage micrometer, whose lines need no colour.

    Raises:
        SourceError: As `read_picture`.
    """
    if not may_be_grey:
        return read_picture(data).pixels
    container = open_container(data)
    return _rgb(_decode(data[: container.n_bytes], 0))


def regular(path: Path) -> Path:
    """Return a path at whose end there is a file: reading a pipe never ends.

    Raises:
        SourceError: There is something else.
        OSError: There is nothing, or it may not be seen.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise SourceError(message("file-is-folder"))
    if not stat.S_ISREG(mode):
        raise SourceError(message("file-is-pipe"))
    return path


def decode_own(data: bytes) -> U8:
    """Decode a JPEG file that this device wrote itself; safe beside other threads.

    Raises:
        SourceError: It cannot be decoded.
    """
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        raise SourceError(message("file-retake"))
    return np.asarray(pixels, np.uint8)


def is_grey(pixels: U8) -> bool:
    """Say whether a picture has no colour.

    Args:
        pixels: (H, W, 3) uint8 in any order of colours.
    """
    first = pixels[::16, ::16].astype(np.int16)  # nearly every picture ends here
    if int((first.max(axis=2) - first.min(axis=2)).max()) > MAX_GREY_LEVELS:
        return False
    low, high = extremes(pixels)
    return int(cv2.subtract(high, low).max()) <= MAX_GREY_LEVELS


def _is_transparent(pixels: U8) -> bool:
    """Say whether something was meant to be seen through a decoded picture.

    A BMP has a fourth byte of no meaning, mostly 0.
    """
    has_alpha = pixels.ndim == 3 and pixels.shape[2] == 4 and pixels.dtype == np.uint8
    return has_alpha and int(pixels[..., 3].min()) < OPAQUE


def _decode(data: bytes, index: int) -> U8:
    with caught_output() as said:
        pixels = _decoded(np.frombuffer(data, np.uint8), index)
    if pixels is None:
        raise SourceError(message("file-undecoded", m=MAX_PIXELS >> 20))
    if complaints := [text for text in said.text.splitlines() if _is_damage(text)]:
        why = LOG_PLACE.sub("", complaints[0])
        raise SourceError(message("file-damaged", why=why))
    check_size(pixels.shape[1], pixels.shape[0])
    return np.asarray(pixels)


def _is_damage(complaint: str) -> bool:
    """Say whether a line of a decoder's is about the picture, not about notes in it."""
    if found := UNKNOWN_TAG.search(complaint):
        return int(found[1]) < FIRST_PRIVATE_TAG
    if PNG_NOTE.search(complaint):
        return False
    return not any(text in complaint for text in HARMLESS)


def _decoded(data: U8, index: int) -> "cv2.typing.MatLike | None":
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_WARNING)
    try:
        if index == 0:
            return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        found, pages = cv2.imdecodemulti(
            data, cv2.IMREAD_UNCHANGED, None, (index, index + 1)
        )
        return pages[0] if found and pages else None
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)


def _rgb(pixels: U8) -> U8:
    if pixels.dtype == np.int8:
        raise SourceError(INKS)
    if pixels.dtype != np.uint8:
        raise SourceError(message("file-bits", n=8 * pixels.itemsize))
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    codes = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}
    if channels not in codes:
        raise SourceError(GREY)
    room = pixels if channels == 3 else None  # a large picture is not held twice
    return np.asarray(cv2.cvtColor(pixels, codes[channels], dst=room), np.uint8)
