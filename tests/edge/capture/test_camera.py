"""What a camera shows, one after the other, until its end."""

from tests.edge.capture.shown import ShownCamera, grey

from leukoscope_edge.capture.camera import items_of
from leukoscope_edge.messages import message
from leukoscope_edge.types import Fault


def test_a_camera_that_shows_nothing_has_no_items() -> None:
    assert list(items_of(ShownCamera([]))) == []


def test_frames_and_faults_come_in_their_order_until_the_end() -> None:
    shown = [grey("a"), Fault(name="b", reason=message("picture-torn")), grey("c")]
    items = list(items_of(ShownCamera(shown)))
    assert [i.name for i in items] == ["a", "b", "c"]
    assert items[1] == shown[1]


def test_no_frame_is_read_before_it_is_asked_for() -> None:
    camera = ShownCamera([grey("a"), grey("b")])
    items = items_of(camera)
    assert next(items).name == "a"
    left = camera.read()
    assert left is not None
    assert left.name == "b"
