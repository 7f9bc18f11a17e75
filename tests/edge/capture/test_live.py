"""A live camera over real child processes with a script of faults."""

import dataclasses
import os
import time
from pathlib import Path

import pytest
from tests.edge.capture.scripted_camera import SETTINGS, Command, scripted

from leukoscope_edge.camera_settings import (
    V4l2Settings,
)
from leukoscope_edge.capture.child import Answer
from leukoscope_edge.capture.live import LiveCamera, Pauses, shot_of
from leukoscope_edge.errors import SourceError
from leukoscope_edge.types import Fault, Frame


def camera_of(command: Command, **changes: object) -> LiveCamera:
    settings = dataclasses.replace(SETTINGS, **changes)
    return LiveCamera(settings, scale_um_per_px=0.1, command=command)


def read_until_frame(camera: LiveCamera, limit: int = 60) -> tuple[Frame, list[str]]:
    """Read to the next good frame; return it and the faults before it."""
    reasons = []
    for _ in range(limit):
        item = camera.read()
        if isinstance(item, Frame):
            return item, reasons
        assert isinstance(item, Fault)
        reasons.append(item.reason.said())
    raise AssertionError(f"no frame, but {reasons}")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_gives_true_frames_of_now(tmp_path: Path) -> None:
    started_s = time.monotonic()
    with camera_of(scripted(tmp_path)) as camera:
        frames = [read_until_frame(camera)[0] for _ in range(3)]
    assert frames[0].pixels.shape == (48, 64, 3)
    assert started_s < frames[0].time_s < frames[-1].time_s < time.monotonic()
    assert [f.time_s for f in frames] == sorted({f.time_s for f in frames})
    assert len({f.name for f in frames}) == 3


def test_the_newest_picture_wins_over_those_that_nobody_took(tmp_path: Path) -> None:
    with camera_of(scripted(tmp_path)) as camera:
        first, _ = read_until_frame(camera)
        time.sleep(1.2)  # in which some thirty pictures are made
        second, reasons = read_until_frame(camera)
    assert reasons == []
    assert second.time_s - first.time_s > 1.1


def test_ends_after_the_number_of_frames_that_was_asked_for(tmp_path: Path) -> None:
    command = scripted(tmp_path)
    with LiveCamera(
        SETTINGS, scale_um_per_px=None, n_frames=2, command=command
    ) as camera:
        items = [camera.read() for _ in range(3)]
    assert items[2] is None
    assert None not in items[:2]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("frozen", "frozen"),
        ("black", "is black"),
        ("torn", "is torn"),
        ("small", "is 24 x 32 x 3 uint8, expected 48 x 64 x 3"),
        ("grey", "is 48 x 64 uint8"),
        ("late", "is 5."),
        ("early", "is -"),
        ("timeless", "is nan s old"),
        ("drift", "was exposed for 24000 us, locked is 8000 us"),
    ],
)
def test_a_bad_picture_is_a_fault_and_the_next_good_one_a_frame(
    tmp_path: Path, step: str, reason: str
) -> None:
    command = scripted(tmp_path, ["good", *[step] * 4])
    with camera_of(command, frames_per_s=10) as camera:
        read_until_frame(camera)
        _, reasons = read_until_frame(camera)
    assert reasons
    assert all(reason in r for r in reasons)
    assert (tmp_path / "lives").stat().st_size == 1


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (["none"], "gave no picture"),
        (["crash"], "its process gave no answer: it ended"),
        (["hang"], "it gives no picture"),
        (["hold"], "its process gave no answer: it took too long"),
        (["frozen"] * 40, "frozen"),
        (["small"] * 40, "expected 48 x 64 x 3"),
    ],
)
def test_a_failed_camera_is_opened_anew(
    tmp_path: Path, steps: list[str], reason: str
) -> None:
    with camera_of(scripted(tmp_path, ["good", *steps], [])) as camera:
        read_until_frame(camera)
        _, reasons = read_until_frame(camera)
    assert any(reason in r for r in reasons)
    assert (tmp_path / "lives").stat().st_size == 2


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"dtype": "uint8", "shape": [1, 1, 3], "time_s": 0.0},
        {"dtype": "uint8", "shape": [1, 1, 3], "exposure_us": 1.0},
        {"dtype": "uint8", "shape": None, "time_s": 0.0, "exposure_us": None},
        {"dtype": "uint8", "shape": [1, 1, 3], "time_s": [], "exposure_us": None},
        {"dtype": "none", "shape": [1, 1, 3], "time_s": 0.0, "exposure_us": None},
    ],
)
def test_an_answer_that_lacks_a_field_is_no_picture(header: dict[str, object]) -> None:
    with pytest.raises(SourceError, match="it gave no picture"):
        shot_of(Answer(header=header, payload=bytearray(3)))


def test_a_camera_that_is_unplugged_and_back_is_opened_at_once(tmp_path: Path) -> None:
    device = Path(f"/dev/shm/leukoscope-test-{os.getpid()}")  # noqa: S108
    device.touch()
    command = scripted(tmp_path, ["good", "none"], [])
    try:
        usb = V4l2Settings(
            device=str(device), width_px=64, height_px=48, frames_per_s=30
        )
        with LiveCamera(usb, scale_um_per_px=0.1, command=command) as camera:
            read_until_frame(camera)
            device.unlink()
            reasons = [camera.read() for _ in range(8)]
            device.touch()
            _, late = read_until_frame(camera)
    finally:
        device.unlink(missing_ok=True)
    assert any(
        "is not plugged in" in r.reason.said() for r in reasons if isinstance(r, Fault)
    )
    assert not any("next attempt" in reason for reason in late)


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    with camera_of(scripted(tmp_path, ["good", "hang"])) as camera:
        read_until_frame(camera)
        assert camera._opened is not None
        pid = camera._opened.child.pid
        assert is_alive(pid)
    assert not is_alive(pid)


def test_pauses_double_up_to_the_longest_and_begin_anew() -> None:
    pauses = Pauses()
    assert [pauses.take() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    pauses.reset()
    assert pauses.take() == 1
