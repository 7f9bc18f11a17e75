"""Pictures and videos in files: containers, decoding apart, damage, replay."""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.capture.stored.decode import GREY as GREY
    from leukoscope_edge.capture.stored.decode import decode_image as decode_image
    from leukoscope_edge.capture.stored.decode import decode_own as decode_own
    from leukoscope_edge.capture.stored.decode import read_picture as read_picture
    from leukoscope_edge.capture.stored.decode import regular as regular
    from leukoscope_edge.capture.stored.listing import is_image as is_image
    from leukoscope_edge.capture.stored.listing import is_packed as is_packed
    from leukoscope_edge.capture.stored.listing import is_system as is_system
    from leukoscope_edge.capture.stored.listing import is_unread as is_unread
    from leukoscope_edge.capture.stored.listing import list_images as list_images
    from leukoscope_edge.capture.stored.replay import ImageReplay as ImageReplay
    from leukoscope_edge.capture.stored.replay import VideoReplay as VideoReplay
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
