"""A camera whose frames go through a function, and nothing else of it does."""

from dataclasses import replace

from tests.edge.capture.shown import ShownCamera, grey

from leukoscope_edge.capture.mapped import ChangedCamera
from leukoscope_edge.messages import message
from leukoscope_edge.types import Fault, Frame


def renamed(frame: Frame) -> Frame:
    return replace(frame, name=f"new {frame.name}")


def test_frames_are_changed_and_faults_and_the_end_are_not() -> None:
    fault = Fault(name="b", reason=message("picture-torn"))
    camera = ChangedCamera(
        ShownCamera([grey("a"), fault]), renamed, scale_um_per_px=None
    )
    frame = camera.read()
    assert isinstance(frame, Frame)
    assert frame.name == "new a"
    assert camera.read() is fault
    assert camera.read() is None


def test_the_scale_is_its_own_and_the_rest_the_other_cameras() -> None:
    shown = ShownCamera([grey("a"), grey("b")])
    shown.domain = "simulated"
    camera = ChangedCamera(shown, renamed, scale_um_per_px=0.2)
    assert camera.scale_um_per_px == 0.2
    assert camera.n_frames == 2
    assert camera.domain == "simulated"


def test_the_other_camera_opens_and_closes_with_it() -> None:
    shown = ShownCamera([])
    with ChangedCamera(shown, renamed, scale_um_per_px=None) as camera:
        assert shown.is_open
        assert camera.read() is None
    assert not shown.is_open
