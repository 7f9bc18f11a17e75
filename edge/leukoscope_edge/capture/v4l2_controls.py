"""The colours of a USB camera as its maker set them.

A camera keeps what another program set, for as long as it has power: paler colours,
steeper contrast, sharpened edges. Cells are then called otherwise, and no picture tells
(docs/segmentation.md). OpenCV knows no defaults, so the kernel is asked itself.

Source: linux/videodev2.h and linux/v4l2-controls.h.
"""

import errno
import fcntl
import os
import struct

from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message

QUERY, GET, SET = 0xC0445624, 0xC008561B, 0xC008561C
"""VIDIOC_QUERYCTRL, VIDIOC_G_CTRL, VIDIOC_S_CTRL."""
QUERY_FORMAT, CONTROL_FORMAT = "=II32siiiiI8x", "=Ii"
"""struct v4l2_queryctrl (id, type, name, minimum, maximum, step, default, flags) and
struct v4l2_control (id, value)."""
UNSETTABLE = 0x1 | 0x4 | 0x10
"""V4L2_CTRL_FLAG_DISABLED, _READ_ONLY and _INACTIVE: another control decides."""
ABSENT = (errno.EINVAL, errno.ENOTTY)
COLOURS = {
    "brightness": 0x00980900,
    "contrast": 0x00980901,
    "saturation": 0x00980902,
    "hue": 0x00980903,
    "gamma": 0x00980910,
    "sharpness": 0x0098091B,
}
"""V4L2_CID_BRIGHTNESS and so on."""


def set_colours_to_default(device: str) -> None:
    """Set each control of colour that a camera has to its maker's default.

    Args:
        device: Path of the camera.

    Raises:
        SourceError: It cannot be asked, or does not take one of them.
    """
    try:
        fd = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError as err:
        raise SourceError(message("camera-in-use", camera=device)) from err
    try:
        for name, control in COLOURS.items():
            _set_to_default(fd, device, name, control)
    finally:
        os.close(fd)


def _set_to_default(fd: int, device: str, name: str, control: int) -> None:
    asked = struct.pack(QUERY_FORMAT, control, 0, b"", 0, 0, 0, 0, 0)
    try:
        *_, default, flags = struct.unpack(QUERY_FORMAT, fcntl.ioctl(fd, QUERY, asked))
        if flags & UNSETTABLE:
            return
        fcntl.ioctl(fd, SET, struct.pack(CONTROL_FORMAT, control, default))
        read = fcntl.ioctl(fd, GET, struct.pack(CONTROL_FORMAT, control, 0))
    except OSError as err:
        if err.errno in ABSENT:
            return
        raise SourceError(message("camera-no-answer", camera=device)) from err
    _, found = struct.unpack(CONTROL_FORMAT, read)
    if found != default:
        values = {"found": f"{found}", "expected": f"{default}"}
        raise SourceError(message("camera-setting", camera=device, name=name, **values))
