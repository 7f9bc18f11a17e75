"""Which files of a folder are pictures, and which are left out by name.

Nothing that is a picture is passed over in silence: what is not read here is listed,
and `ImageReplay` says why. Hidden files, and the folders that systems keep on a stick
for themselves, are nobody's fields.
"""

import re
import stat
from pathlib import Path

from leukoscope_edge.capture.stored import jpeg, tiff
from leukoscope_edge.capture.stored.containers import PNG_START
from leukoscope_edge.errors import SourceError
from leukoscope_edge.names import shown

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".bmp", ".tif", ".tiff", ".webp"}
)
VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov", ".webm", ".mjpeg"})
UNREAD_SUFFIXES = frozenset(
    {".heic", ".heif", ".hif", ".avif", ".gif", ".jp2", ".j2k", ".jpf", ".jpx"}
    | {".jxl", ".jxr", ".mpo", ".psd", ".svg", ".dib", ".tga", ".ppm", ".pgm", ".exr"}
    | {".svs", ".ndpi", ".czi", ".lif", ".nd2", ".vsi", ".mrxs", ".scn", ".dcm"}
    | {".lsm", ".zvi", ".oib", ".oif", ".oir", ".ims", ".qptiff", ".bif", ".vms"}
    | {".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef"}
    | {".wmv", ".mpg", ".mpeg", ".m4v", ".3gp", ".mts", ".m2ts", ".ts", ".flv"}
    | {".ogv", ".h264", ".h265", ".asf", ".vob"}
)
"""Pictures that are not read here: named as left out, not passed over."""
STARTS = (jpeg.START, PNG_START, *tiff.STARTS, *tiff.BIG_STARTS)
DICOM_AT, DICOM = 128, b"DICM"
SYSTEM_FOLDERS = frozenset(
    {"$recycle.bin", "recycler", "system volume information", "lost+found"}
    | {"__macosx", "@eadir", "#recycle", "#snapshot", "found.000"}
)
"""In small letters: of Windows, macOS, Synology and file systems."""


def list_images(folder: Path) -> list[Path]:
    """Return a folder's pictures, "2.png" before "10.png".

    Those of a kind that is not read are among them: `ImageReplay` says so by name.

    Raises:
        SourceError: The folder cannot be read or holds no image file.
    """
    try:
        entries = list(folder.iterdir())
    except OSError as err:
        where = shown(str(folder))
        raise SourceError(f"{where}: cannot be read: {err.strerror}") from err
    images = [p for p in entries if is_image(p)]
    left_out = [p for p in entries if is_unread(p)]
    if not images:
        unread = sorted({p.suffix.lower() or "no ending" for p in left_out})
        there = f" but {', '.join(unread)}" if unread else ""
        raise SourceError(
            f"{shown(str(folder))}: no image in this folder{there}; expected files "
            "ending in " + ", ".join(sorted(IMAGE_SUFFIXES))
        )
    return sorted(images + left_out, key=_natural_key)


def folders_of_images(folder: Path) -> list[Path]:
    """Return the folders among a folder's images that hold images themselves."""
    below = (p for p in folder.iterdir() if p.is_dir() and not is_image(p))
    return sorted(p for p in below if not is_system(p) and _holds_images(p))


def is_image(path: Path) -> bool:
    """Say whether a file's name is that of an image which is read here."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def is_unread(path: Path) -> bool:
    """Say whether a file is a picture or a video, by name or content, and not read."""
    if path.name.startswith(".") or is_image(path):
        return False
    is_known = path.suffix.lower() in UNREAD_SUFFIXES | VIDEO_SUFFIXES
    return is_known or _is_picture_inside(path)


def is_system(folder: Path) -> bool:
    """Say whether a folder is hidden, or a system's own: nobody's slide."""
    return folder.name.startswith(".") or folder.name.lower() in SYSTEM_FOLDERS


def _is_picture_inside(path: Path) -> bool:
    """Look at the first bytes, as of a download that is not over, or of DICOM."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(DICOM_AT + len(DICOM))
    except OSError:
        return False
    return head.startswith(STARTS) or head[DICOM_AT:] == DICOM


def _holds_images(folder: Path) -> bool:
    try:
        return any(is_image(p) for p in folder.iterdir())
    except OSError:
        return False


def _natural_key(path: Path) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]
