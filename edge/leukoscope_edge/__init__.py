"""Leukoscope on the device: camera frames in, a screening result out.

This package is all that the wheel contains. It needs numpy, OpenCV and ONNX
Runtime, and it never contacts a network.
"""

import os

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
