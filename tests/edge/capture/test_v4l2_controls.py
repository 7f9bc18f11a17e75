"""A USB camera's colours are its maker's, whatever a program set before."""

import errno
import fcntl
import struct
from pathlib import Path

import pytest

from leukoscope_edge.capture import v4l2_controls as controls
from leukoscope_edge.errors import SourceError

SATURATION, GAMMA = (controls.COLOURS[name] for name in ("saturation", "gamma"))


class ScriptedCamera:
    """What a kernel answers to the controls of one camera.

    Attributes:
        values: Of each control that it has, by its number.
        defaults: Of the same.
        flags: Of some.
        obeys: Whether a control takes what is set.
    """

    def __init__(self) -> None:
        self.values = {SATURATION: 40, GAMMA: 200}
        self.defaults = {SATURATION: 64, GAMMA: 100}
        self.flags = {SATURATION: 0, GAMMA: 0}
        self.obeys = True
        self.error = 0

    def ioctl(self, _fd: int, request: int, data: bytes) -> bytes:
        if self.error:
            raise OSError(self.error, "unplugged")
        control = struct.unpack_from("=I", data)[0]
        if control not in self.values:
            raise OSError(errno.EINVAL, "no such control")
        if request == controls.QUERY:
            default, flags = self.defaults[control], self.flags[control]
            return struct.pack(
                controls.QUERY_FORMAT, control, 1, b"name", 0, 255, 1, default, flags
            )
        if request == controls.SET and self.obeys:
            self.values[control] = struct.unpack(controls.CONTROL_FORMAT, data)[1]
        return struct.pack(controls.CONTROL_FORMAT, control, self.values[control])


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> ScriptedCamera:
    scripted = ScriptedCamera()
    monkeypatch.setattr(fcntl, "ioctl", scripted.ioctl)
    return scripted


@pytest.fixture
def device(tmp_path: Path) -> str:
    (tmp_path / "video0").touch()
    return str(tmp_path / "video0")


def test_what_another_program_set_is_set_back(
    camera: ScriptedCamera, device: str
) -> None:
    controls.set_colours_to_default(device)
    assert camera.values == camera.defaults


@pytest.mark.parametrize("flag", [0x1, 0x4, 0x10])
def test_a_control_that_another_decides_is_left_alone(
    camera: ScriptedCamera, device: str, flag: int
) -> None:
    camera.flags[GAMMA] = flag
    controls.set_colours_to_default(device)
    assert camera.values == {SATURATION: 64, GAMMA: 200}


def test_a_camera_that_does_not_obey_is_named_with_the_control(
    camera: ScriptedCamera, device: str
) -> None:
    camera.obeys = False
    with pytest.raises(SourceError, match="video0: saturation is 40, asked for 64"):
        controls.set_colours_to_default(device)


def test_a_camera_that_goes_while_it_is_asked_is_named(
    camera: ScriptedCamera, device: str
) -> None:
    camera.error = errno.ENODEV
    with pytest.raises(SourceError, match="video0 gave no picture"):
        controls.set_colours_to_default(device)


def test_a_device_that_knows_no_controls_has_nothing_to_set(
    camera: ScriptedCamera, device: str
) -> None:
    camera.error = errno.ENOTTY
    controls.set_colours_to_default(device)


def test_a_device_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="gone cannot be opened"):
        controls.set_colours_to_default(str(tmp_path / "gone"))


def test_the_structures_have_the_sizes_that_their_requests_say() -> None:
    for request, layout in (
        (controls.QUERY, controls.QUERY_FORMAT),
        (controls.GET, controls.CONTROL_FORMAT),
        (controls.SET, controls.CONTROL_FORMAT),
    ):
        assert (request >> 16) & 0x3FFF == struct.calcsize(layout)
