"""From what the user named to a camera, and what is no source."""

from pathlib import Path

import pytest

from leukoscope_edge.capture.source import camera_settings, open_source
from leukoscope_edge.errors import ConfigError, SourceError


def test_settings_come_from_a_file_or_a_device_path(tmp_path: Path) -> None:
    file = tmp_path / "camera.toml"
    file.write_text('kind = "csi"\ndevice = "0"\nexposure_us = 4000\n')
    assert camera_settings(str(file)).exposure_us == 4000
    assert camera_settings("/dev/video7").device == "/dev/video7"
    with pytest.raises(SourceError, match="'device' must be a path in /dev"):
        camera_settings("../video7")
    file.write_text('kind = "csi"\n')
    with pytest.raises(ConfigError, match=r"camera\.toml: missing key 'device'"):
        camera_settings(str(file))


@pytest.mark.parametrize("name", ["gone", "notes.txt"])
def test_refuses_what_is_no_source(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match=name):
        open_source(str(tmp_path / name), scale_um_per_px=None)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("\u201c{}\u201d", ": is {} meant?"),
        ("{}\r", ": is {} meant?"),
        (" {} ", ": is {} meant?"),
        ("file://{}", ": is {} meant?"),
        ("\ufeff{}", ": is {} meant?"),
        ("https://host{}", ": nothing is fetched, copy it to this machine"),
        ("{}/*.jpeg", ": no name fits this pattern"),
        ("{}-2", ""),
    ],
)
def test_what_was_meant_is_said_of_a_name_that_is_not_there(
    tmp_path: Path, written: str, hint: str
) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(written.format(tmp_path), scale_um_per_px=None)
    said = "no such folder, image or video" + hint.format(tmp_path)
    assert str(caught.value).endswith(said)
