"""Files that are whole or absent, never half."""

import contextlib
import os
from pathlib import Path

from leukoscope_edge.errors import OutputError


def prepare_folder(folder: Path, names: tuple[str, ...]) -> None:
    """Make a folder ready for results and take older results of ours away.

    A stale result beside a failed run could be read as the new one.

    Args:
        folder: Made where it is missing.
        names: The files that are going to be written.

    Raises:
        OutputError: It cannot be made or written to.
    """
    probe = folder / ".leukoscope-probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
        for name in names:
            (folder / name).unlink(missing_ok=True)
    except OSError as err:
        raise OutputError(
            f"{folder}: cannot be written to ({err.strerror}): "
            "name another folder with --out"
        ) from err


def write_whole(path: Path, data: bytes) -> None:
    """Write a file aside, sync it and rename it into place.

    Raises:
        OutputError: It cannot be written; nothing is left at `path` then.
    """
    aside = path.with_name(f".{path.name}.part")
    try:
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as err:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({err.strerror})") from err
