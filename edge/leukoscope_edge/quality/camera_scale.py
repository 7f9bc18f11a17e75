"""The scale of a camera under an objective, at one resolution.

Measured on a stage micrometer and kept in the records. Red cells only ever warn.
"""

import math
from dataclasses import asdict, dataclass

from leukoscope_edge.capture import SCALE_UM_PER_PX, Camera, ChangedCamera, is_simulated
from leukoscope_edge.errors import ConfigError, StepError
from leukoscope_edge.messages import message
from leukoscope_edge.profile import MAIN_OBJECTIVE, CameraEntry
from leukoscope_edge.records import Store
from leukoscope_edge.records.slides import objective_of
from leukoscope_edge.types import Frame
from leukoscope_edge.vision.scale import SCALE_RANGE_UM_PER_PX, scale_from_two_points

NOTE = "calibration"
MIN_LENGTH_PX = 50.0
"""Two taps are each a few pixels off; over a shorter line that is too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What a pixel measures.

    Attributes:
        um_per_px: Micrometres per pixel.
        width_px: Of the frames that it was measured on; 0 where nobody kept it.
        height_px: Likewise.
    """

    um_per_px: float
    width_px: int = 0
    height_px: int = 0


def scales(store: Store, camera: CameraEntry) -> dict[str, Scale]:
    """Return a camera's scales by objective, empty where nobody calibrated.

    The newest calibration counts, then the profile. The simulated slide brings its own
    scale, under any objective: it is not here.
    """
    found: dict[str, Scale] = {}
    if camera.scale_um_per_px is not None:
        found[camera.objective] = Scale(um_per_px=camera.scale_um_per_px)
    for facts in (e.body["facts"] for e in store.log.notes(NOTE)):
        if facts["camera"] == camera.source:
            found[facts.get("objective", MAIN_OBJECTIVE)] = Scale(
                um_per_px=facts["um_per_px"],
                width_px=facts.get("width_px", 0),
                height_px=facts.get("height_px", 0),
            )
    return found


def camera_scale(
    store: Store, camera: CameraEntry, objective: str = MAIN_OBJECTIVE
) -> Scale | None:
    """Return a camera's scale under an objective, None where nobody measured it."""
    if is_simulated(camera.source):
        return Scale(um_per_px=SCALE_UM_PER_PX)
    return scales(store, camera).get(objective)


def usual_objective(store: Store, camera: CameraEntry) -> str:
    """Return the objective to offer first: the one that was in use last.

    That of the newest slide, or of a newer calibration; where there is neither, the
    profile's. Where the camera is calibrated, only objectives that are count.
    """
    slides = [(r.started_at, objective_of(r)) for r in store.reader.slides(limit=1)]
    measured = [
        (e.at, str(e.body["facts"].get("objective", MAIN_OBJECTIVE)))
        for e in reversed(store.log.notes(NOTE))
        if e.body["facts"]["camera"] == camera.source
    ]
    newest_first = sorted(slides + measured, key=lambda one: one[0], reverse=True)
    in_use = [objective for _, objective in newest_first]
    known = scales(store, camera)
    wanted = [*in_use, camera.objective, *known]
    return next(o for o in wanted if not known or o in known)


def require_objective(store: Store, camera: CameraEntry, objective: str) -> None:
    """Let no slide be judged at another objective's scale.

    Where nobody calibrated at all a slide may be counted: it gets no verdict.

    Raises:
        StepError: The camera is calibrated, but not under this objective.
    """
    if camera_scale(store, camera, objective) is not None:
        return
    if known := ", ".join(scales(store, camera)):
        raise StepError(message("other-objective", known=known, objective=objective))


def of_this_size(camera: Camera, scale: Scale) -> Camera:
    """Return a camera whose `read` refuses frames of another size than the scale's."""

    def check(frame: Frame) -> Frame:
        height, width = frame.pixels.shape[:2]
        if (width, height) != (scale.width_px, scale.height_px):
            sizes = {"width": scale.width_px, "height": scale.height_px}
            now = {"now_width": width, "now_height": height}
            raise ConfigError(message("calibrated-size", **sizes, **now))
        return frame

    if scale.width_px == 0:
        return camera
    return ChangedCamera(camera, check, scale_um_per_px=camera.scale_um_per_px)


def measure_scale(
    start_px: tuple[float, float], end_px: tuple[float, float], length_um: float
) -> float:
    """Return the micrometres per pixel of a line between two taps.

    Raises:
        ConfigError: The line is too short, or the scale is none of a microscope.
    """
    length_px = math.dist(start_px, end_px)
    if length_px < MIN_LENGTH_PX:
        raise ConfigError(
            f"the line is {length_px:.0f} pixels long, expected {MIN_LENGTH_PX:.0f} or "
            "more: tap the ends of a longer one"
        )
    scale = scale_from_two_points(start_px, end_px, length_um)
    low, high = SCALE_RANGE_UM_PER_PX
    if not low <= scale <= high:
        raise ConfigError(
            f"{scale:.4f} µm per pixel, expected {low} to {high}: check the length"
        )
    return scale


def keep_scale(
    store: Store, camera: CameraEntry, objective: str, scale: Scale, by: str
) -> None:
    """Keep a camera's scale under an objective."""
    own = {"camera": camera.source, "objective": objective}
    store.log.note(NOTE, own | asdict(scale), by)
