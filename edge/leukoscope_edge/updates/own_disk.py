"""The device's own disk in an update: its failures are U08 or U09."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from leukoscope_edge.durable import remove, whole_file
from leukoscope_edge.errors import as_told
from leukoscope_edge.messages import Message
from leukoscope_edge.updates.codes import Code, refused

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def own_disk() -> Iterator[None]:
    """Turn a failure of the device's own disk into U08 or U09.

    The stick's failures never come through here: its reader names them itself.
    """
    try:
        yield
    except OSError as err:
        code = Code.NO_SPACE if err.errno in FULL else Code.DEVICE_DISK
        raise refused(code, _where(err)) from err


def _where(err: OSError) -> str | Message:
    if isinstance(err, PermissionError):
        return as_told(err)
    return f"{err.filename}: {err.strerror}" if err.filename else str(err.strerror)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file's content at once and for good, be there a folder of its name.

    Raises:
        OSError: It cannot be written; the old one is still there then.
    """
    with whole_file(path) as file:
        file.write(data)
        if path.is_dir():
            remove(path)  # none of our files is a folder
