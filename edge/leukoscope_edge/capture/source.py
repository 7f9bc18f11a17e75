"""From what the user named to a camera."""

from pathlib import Path

from leukoscope_edge.capture.camera import Camera
from leukoscope_edge.capture.replay import (
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    ImageReplay,
    VideoReplay,
    list_images,
)
from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.errors import SourceError

SIMULATED = "simulated"


def is_simulated(source: str) -> bool:
    """Say whether a source's name asks for the simulated slide."""
    return source == SIMULATED or source.startswith(SIMULATED + ":")


def is_sequence(source: str) -> bool:
    """Say whether a source shows one slide under a moving stage by its nature."""
    return is_simulated(source) or Path(source).suffix.lower() in VIDEO_SUFFIXES


def open_source(source: str, *, scale_um_per_px: float | None) -> Camera:
    """Open what the user named.

    Args:
        source: A folder of images, an image, a video, or `simulated[:key=value,...]`.
        scale_um_per_px: The calibration of stored images, None where unknown. The
            simulated slide brings its own.

    Raises:
        SourceError: There is no such source, or nothing in it to look at.
    """
    if is_simulated(source):
        return parse_simulated(source)
    path = Path(source)
    if path.is_dir():
        return ImageReplay(list_images(path), scale_um_per_px)
    if not path.exists():
        raise SourceError(f"{source}: no such folder, image or video")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return ImageReplay([path], scale_um_per_px)
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return VideoReplay(path, scale_um_per_px)
    raise SourceError(
        f"{source}: neither a folder nor a known image or video "
        f"({', '.join(sorted(IMAGE_SUFFIXES | VIDEO_SUFFIXES))})"
    )
