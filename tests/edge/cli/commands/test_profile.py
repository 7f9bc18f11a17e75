"""`leukoscope profile lock-light`: what it prints stands in a profile as it is."""

from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.camera_settings import PicameraSettings
from leukoscope_edge.cli import main
from leukoscope_edge.cli.commands import profile
from leukoscope_edge.profile import open_profile

FIRMWARE = Path(__file__).parents[4] / "firmware_config"
HARDWARE = "[camera.hardware]\n"
FULL_SCALE_US = 12_750  # the plasma is at its level of 210 with 10 500


def look(settings: PicameraSettings) -> U8:
    """A camera in proportion to its light, under a lamp with half the blue."""
    light = (settings.exposure_us or 0) / FULL_SCALE_US
    gains = (settings.red_gain or 1.0, 1.0, 0.5 * (settings.blue_gain or 1.0))
    level = np.clip(255 * light * np.array(gains), 0, 255)
    return np.full((48, 64, 3), level, np.uint8)


def test_what_is_printed_locks_the_camera_of_a_profile(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = tmp_path / "site.toml"
    shipped = (FIRMWARE / "raspberry-pi-5.toml").read_text()
    site.write_text(shipped)
    monkeypatch.setattr(profile, "take_picture", look)
    assert main(["profile", "lock-light", str(site)]) == 0
    site.write_text(shipped.replace(HARDWARE, capsys.readouterr().out))
    hardware = open_profile(str(site)).camera.hardware
    assert isinstance(hardware, PicameraSettings)
    assert hardware.is_locked
    assert hardware.exposure_us == pytest.approx(10_500, rel=0.07)
    assert hardware.blue_gain == pytest.approx(2.0, rel=0.05)


def test_without_hardware_nothing_is_locked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["profile", "lock-light", "simulated"]) == 2
    printed = capsys.readouterr()
    assert "has no [camera.hardware] to lock" in printed.err
    assert printed.out == ""


def test_a_camera_that_is_not_plugged_in_is_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.toml"
    shipped = (FIRMWARE / "jetson-nano.toml").read_text()
    site.write_text(shipped.replace("/dev/leukoscope-camera", "/dev/no-camera"))
    assert main(["profile", "lock-light", str(site)]) == 1
    printed = capsys.readouterr()
    assert "/dev/no-camera: there is no camera" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("action", ["show", "lock-light"])
def test_an_empty_name_is_wrong_use(
    action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["profile", action, ""])
    assert "was a variable not set?" in capsys.readouterr().err
