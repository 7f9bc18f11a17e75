"""From what the user named to a camera."""

from pathlib import Path
from urllib.parse import unquote

from leukoscope_edge.camera_settings import KINDS, CameraSettings, V4l2Settings
from leukoscope_edge.capture.camera import Camera
from leukoscope_edge.capture.live import LiveCamera
from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.capture.stored.listing import (
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    ending_of_video,
    folders_of_images,
    is_unread,
    list_images,
    why_unread,
)
from leukoscope_edge.capture.stored.replay import ImageReplay, VideoReplay
from leukoscope_edge.capture.v4l2 import find_camera
from leukoscope_edge.config import read_toml
from leukoscope_edge.durable import home
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import in_english
from leukoscope_edge.names import unquoted
from leukoscope_edge.types import Domain

SIMULATED, CAMERA = "simulated", "camera"


def is_simulated(source: str) -> bool:
    """Say whether a source's name asks for the simulated slide."""
    return source == SIMULATED or source.startswith(SIMULATED + ":")


def domain_of(source: str) -> Domain:
    """Return whether what a source shows is drawn or real."""
    return "simulated" if is_simulated(source) else "real"


def is_camera(source: str) -> bool:
    """Say whether a source's name asks for a real camera."""
    return source == CAMERA or source.startswith(CAMERA + ":")


def is_sequence(source: str) -> bool:
    """Say whether a source shows one slide under a moving stage by its nature."""
    is_live = is_simulated(source) or is_camera(source)
    return is_live or Path(source).suffix.lower() in VIDEO_SUFFIXES


def open_source(
    source: str,
    *,
    scale_um_per_px: float | None,
    settings: CameraSettings | None = None,
    n_frames: int | None = None,
) -> Camera:
    """Open what the user named.

    Args:
        source: A folder of images, an image, a video, `camera[:DEVICE or FILE.toml]`
            or `simulated[:key=value,...]`.
        scale_um_per_px: The calibration of stored images, None where unknown. The
            simulated slide brings its own.
        settings: Of a real camera, where the source does not name them.
        n_frames: When a real camera ends; None: never.

    Raises:
        SourceError: There is no such source, or nothing in it to look at.
    """
    if is_simulated(source):
        return parse_simulated(source)
    if is_camera(source):
        settings = settings or camera_settings(source.partition(":")[2])
        return LiveCamera(settings, scale_um_per_px=scale_um_per_px, n_frames=n_frames)
    path = Path(source)
    if path.is_dir():
        beside = folders_of_images(path)
        paths = [*list_images(path), *beside]
        return ImageReplay(paths, scale_um_per_px, folder=path)
    if not path.exists():
        raise SourceError(f"{source}: no such folder, image or video{_meant(source)}")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return ImageReplay([path], scale_um_per_px)
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return VideoReplay(path, scale_um_per_px)
    if ending := ending_of_video(path):
        raise SourceError(
            f"{source} is a video whose name does not say so: let it end in {ending}"
        )
    if is_unread(path):
        raise SourceError(f"{source} {in_english(why_unread(path))}")
    raise SourceError(
        f"{source}: neither a folder nor a known image or video "
        f"({', '.join(sorted(IMAGE_SUFFIXES | VIDEO_SUFFIXES))})"
    )


def camera_settings(named: str) -> CameraSettings:
    """Return the settings of a named camera.

    Args:
        named: A TOML file of one kind of `CameraSettings`; or a device,
            `/dev/v4l/by-id/...`, with everything automatic; or nothing, for the only
            USB camera there is.

    Raises:
        SourceError: There is no USB camera, or there are several.
        ConfigError: The file is none of `CameraSettings`.
    """
    if named.endswith(".toml"):
        return read_toml(Path(named), tuple(KINDS.values()))
    try:
        return V4l2Settings(device=named or find_camera())
    except ValueError as err:
        raise SourceError(f"camera: {err}") from err


def _meant(source: str) -> str:
    """Return a hint at what was meant by a name that is not there, "" for none."""
    if source.startswith(("http:", "https:", "smb:", "ftp:")):
        return ": nothing is fetched, copy it to this machine"
    plain = unquoted(source)
    local = unquote(plain.removeprefix("file://"))
    at_home = str(home() / local.removeprefix("~/")) if local.startswith("~/") else ""
    for better in (plain, local, at_home):
        if better not in ("", source) and Path(better).exists():
            return f": is {better} meant?"
    return ": no name fits this pattern" if "*" in source else ""
