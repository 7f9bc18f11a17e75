"""Which files of a folder are pictures, and which are left out by name.

Nothing that is a picture is passed over in silence: what is not read here is listed,
and `ImageReplay` says why. Hidden files, and the folders that systems keep on a stick
for themselves, are nobody's fields.
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from leukoscope_edge.capture.stored.kinds import (
    HEAD_BYTES,
    READ_HERE,
    VIDEO_KINDS,
    kind_of,
)
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import Message, in_english, message
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
    | {".ogv", ".h264", ".h265", ".asf", ".vob", ".mxf", ".m2v", ".divx", ".f4v"}
    | {".isyntax", ".kfb", ".sdpc", ".tmap", ".ets", ".stk", ".mrc", ".pnm", ".pcx"}
)
"""Pictures that are not read here: named as left out, not passed over."""
PACKED_SUFFIXES = frozenset({".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".cab"})
"""Folders packed into a file, as mail and downloads bring them."""
SYSTEM_FOLDERS = frozenset(
    {"$recycle.bin", "recycler", "system volume information", "lost+found"}
    | {"__macosx", "@eadir", "#recycle", "#snapshot", "found.000"}
)
"""In small letters: of Windows, macOS, Synology and file systems."""


Stamp = tuple[int, int]
"""When a file was changed (ns), and its size (bytes)."""


def list_images(folder: Path) -> list[Path]:
    """Return a folder's pictures, "2.png" before "10.png".

    Those of a kind that is not read are among them: `ImageReplay` says so by name.

    Raises:
        SourceError: The folder cannot be read or holds no image file.
    """
    where = shown(str(folder))
    try:
        entries = list(folder.iterdir())
    except OSError as err:
        raise SourceError(f"{where}: cannot be read: {err.strerror}") from err
    found = sorted((p for p in entries if is_picture(p)), key=_natural_key)
    if any(is_image(p) for p in found):
        return found
    if found:
        first, more = found[0], len(found) - 1
        why = in_english(why_unread(first))
        others = f"; {more} more are not read either" if more else ""
        raise SourceError(f"{where}: {shown(first.name)} {why}{others}")
    endings = ", ".join(sorted(IMAGE_SUFFIXES))
    raise SourceError(
        f"{where}: no image in this folder; expected files ending in {endings}"
    )


def stamps_of(paths: Iterable[Path]) -> dict[Path, Stamp | None]:
    """Return when each was changed (ns) and its size (bytes), None of what is gone."""
    return {path: _stamp(path) for path in paths}


def list_late(
    folder: Path, known: Mapping[Path, Stamp | None], *, has_folders: bool = True
) -> list[Path]:
    """Return the pictures that came into a folder, or changed, since it was listed.

    Args:
        folder: Still there, or not: none came then.
        known: What was listed, as it was then; folders of pictures are the same
            whatever becomes of them.
        has_folders: Whether folders of pictures are told as well.
    """
    try:
        found = [p for p in folder.iterdir() if is_picture(p)]
        below = folders_of_images(folder) if has_folders else []
    except OSError:
        return []
    late = [p for p in found if p not in known or known[p] != _stamp(p)]
    late += [p for p in below if p not in known]
    return sorted(late, key=_natural_key)


def folders_of_images(folder: Path) -> list[Path]:
    """Return the folders in a folder of images that hold pictures, at any depth.

    A link that leads back to the folder itself, or to one that holds it, is none.
    """
    whole = folder.resolve()
    below = (p for p in folder.iterdir() if p.is_dir() and not is_image(p))
    others = (p for p in below if not is_system(p))
    apart = (p for p in others if not whole.is_relative_to(p.resolve()))
    return sorted(p for p in apart if _holds_pictures(p))


def why_unread(path: Path) -> Message:
    """Say why a picture, or a folder of some, is left out.

    Args:
        path: One of `folders_of_images`, or of `list_images` and no `is_image`.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        return message("folder-among")
    if suffix in VIDEO_SUFFIXES:
        return message("video-among")
    if suffix in PACKED_SUFFIXES:
        return message("file-packed-folder", kind=suffix)
    if suffix in UNREAD_SUFFIXES:
        return message("file-other-kind", kind=suffix)
    if (kind := _kind_inside(path)) in READ_HERE:
        return message("file-no-suffix")
    if kind in VIDEO_KINDS:
        return message("video-among")
    return message("file-other-kind", kind=kind)


def ending_of_video(path: Path) -> str:
    """Return how a video's name should end by its content, "" where it is none."""
    kind = _kind_inside(path)
    return f".{kind.lower()}" if kind in VIDEO_KINDS else ""


def is_picture(path: Path) -> bool:
    """Say whether a file is a picture or a video, read here or not."""
    return is_image(path) or is_unread(path)


def is_packed(path: Path) -> bool:
    """Say whether a file's name is that of a folder packed into a file."""
    is_named_so = path.suffix.lower() in PACKED_SUFFIXES
    return is_named_so and not path.name.startswith(".") and path.is_file()


def is_image(path: Path) -> bool:
    """Say whether a file's name is that of an image which is read here."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def is_unread(path: Path) -> bool:
    """Say whether a file is a picture or a video, by name or content, and not read."""
    if path.name.startswith(".") or is_image(path):
        return False
    known = UNREAD_SUFFIXES | VIDEO_SUFFIXES | PACKED_SUFFIXES
    return path.suffix.lower() in known or bool(_kind_inside(path))


def is_system(folder: Path) -> bool:
    """Say whether a folder is hidden, or a system's own: nobody's slide."""
    return folder.name.startswith(".") or folder.name.lower() in SYSTEM_FOLDERS


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _kind_inside(path: Path) -> str:
    """Look at the first bytes, as of a download that is not over, or of DICOM."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return ""
        with path.open("rb") as file:
            return kind_of(file.read(HEAD_BYTES))
    except OSError:
        return ""


def _holds_pictures(folder: Path) -> bool:
    """Look until a picture is found; links below are not followed, nor systems' own.

    What cannot be looked into may hold some.
    """
    unseen: list[OSError] = []
    for root, below, names in os.walk(folder, onerror=unseen.append):
        below[:] = [name for name in below if not is_system(Path(name))]
        if any(is_picture(Path(root, name)) for name in names):
            return True
    return bool(unseen)


def _natural_key(path: Path) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]
