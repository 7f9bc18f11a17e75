"""Pictures and videos in files: containers, decoding apart, damage, replay."""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.capture.stored.decode import GREY as GREY
    from leukoscope_edge.capture.stored.decode import decode_image as decode_image
    from leukoscope_edge.capture.stored.decode import decode_own as decode_own
    from leukoscope_edge.capture.stored.decode import read_picture as read_picture
    from leukoscope_edge.capture.stored.decode import regular as regular
    from leukoscope_edge.capture.stored.replay import ImageReplay as ImageReplay
    from leukoscope_edge.capture.stored.replay import VideoReplay as VideoReplay
    from leukoscope_edge.capture.stored.replay import is_image as is_image
    from leukoscope_edge.capture.stored.replay import list_images as list_images
else:
    __getattr__, __all__ = load_on_use(
        __name__,
        {
            "decode": "GREY decode_image decode_own read_picture regular",
            "replay": "ImageReplay VideoReplay is_image list_images",
        },
    )
