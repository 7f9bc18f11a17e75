"""Leukoscope on the device: camera frames in, a screening result out.

This package is all that the wheel contains. It needs numpy, OpenCV and ONNX
Runtime, and it never contacts a network.
"""

import ast
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

# ONNX Runtime for Linux from 1.29 on stores a device number and sends events to its
# maker, unless this is set before it is first imported. A device contacts nobody, so
# no setting of the user's turns it on again.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# OpenCV reads these once, when it is first imported, so they stand here, before any
# module of this package can import it. Without the first, 0.9 MB of PNG takes 5 GB.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))
# Its own messages would stand beside ours; every failure is reported in our words.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


def load_on_use(room: str, init: str) -> tuple[Callable[[str], Any], list[str]]:
    """Return the `__getattr__` (PEP 562) and the `__all__` of a room.

    A child process (decoder, driver, TensorRT) starts in a module of a room, and Python
    runs the room's `__init__` before it. Where that would load megabytes that the child
    has no use for, the `__init__` names its offers where the type checker alone looks,
    and they are read there, as by `attach_stub` of Scientific Python's lazy_loader
    (SPEC 1). Other rooms simply import what they offer.

    Args:
        room: The whole name of its package.
        init: Its `__init__`. No name that it imports from a module of the room may be
            that of a module in the room.
    """
    module_of = {
        alias.name: str(node.module)
        for node in ast.walk(ast.parse(Path(init).read_bytes()))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{room}.")
        for alias in node.names
    }

    def look_up(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        value = getattr(import_module(module_of[name]), name)
        setattr(sys.modules[room], name, value)  # it need not be looked up again
        return value

    return look_up, sorted(module_of)
