from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.profile import (
    CameraEntry,
    NetworkEntry,
    board_profile,
    open_profile,
    shipped_profiles,
)

R36 = "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic"


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_is_read_and_named_after_its_file(name: str) -> None:
    assert open_profile(name).name == name


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_is_closed_to_the_network(name: str) -> None:
    profile = open_profile(name)
    assert profile.page.is_loopback
    assert profile.network == NetworkEntry(hotspot=False, mdns=False)


@pytest.mark.parametrize(
    ("board", "release", "name"),
    [
        ("", "", "x86-mini-pc"),
        ("Raspberry Pi 5 Model B Rev 1.0", "", "raspberry-pi-5"),
        ("Raspberry Pi 4 Model B Rev 1.4", "", "raspberry-pi-4"),
        ("NVIDIA Jetson Nano Developer Kit", "", "jetson-nano"),
        (
            "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
            R36,
            "jetson-orin-nano",
        ),
        ("NVIDIA Jetson Orin NX Engineering Reference", R36, "jetson-orin-nx"),
        ("NVIDIA Jetson AGX Orin Developer Kit", R36, "jetson-agx-orin"),
        ("NVIDIA Jetson Orin Nano Developer Kit", "# R39 (rel", "jetson-orin-nano"),
    ],
)
def test_a_board_finds_its_profile(board: str, release: str, name: str) -> None:
    assert board_profile(board, release).name == name


@pytest.mark.parametrize(
    ("board", "release", "message"),
    [
        ("Toaster 3000", "", "no profile for the board 'Toaster 3000'"),
        ("NVIDIA Jetson Orin NX", "", "is 'none', expected R36 or R39"),
        ("NVIDIA Jetson Orin NX", "# R35 (release), X", "'# R35 (release)'"),
        ("NVIDIA Jetson Orin NX", "# R360 (release), X", "expected R36 or R39"),
    ],
)
def test_an_unknown_board_or_system_is_refused(
    board: str, release: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        board_profile(board, release)
    assert message in str(caught.value)


@given(st.text(), st.text())
def test_any_board_gets_a_profile_or_a_refusal(board: str, release: str) -> None:
    try:
        assert board_profile(board, release).board is not None
    except ConfigError as err:
        assert str(err)


def changed(old: str, new: str) -> str:
    text = shipped_profiles()["jetson-orin-nano"].read_text()
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"cpu"]', '"gpu"]', r"'inference.backends\[1\]' must be one of"),
        ('["tensorrt", "cpu"]', '["tensorrt"]', "must end with 'cpu'"),
        ('["tensorrt", "cpu"]', "[]", "must end with 'cpu'"),
        ("warn_c = 80.0", "warn_c = 20.0", "'warn_c' must lie in"),
        ("pause_c = 95.0", "pause_c = 79.9", "'pause_c' must lie in 80.0"),
        ("hotspot = false", "hotspot = 1", "'network.hotspot' must be bool"),
        ("width_px = 1280", "width_px = 1281", "'width_px' must be a multiple"),
        ('source = "camera"', 'source = "simulated"', "'source' must be 'camera'"),
        ("[thermal]", "[thermal]\nhot = 1", "unknown key 'thermal.hot'"),
        ('device = "0"', "", "missing key 'camera.hardware.device'"),
    ],
)
def test_an_impossible_entry_is_refused_by_name(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(changed(old, new))
    with pytest.raises(ConfigError, match=message):
        open_profile(str(path))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="raspberry-pi-5"):
        open_profile("raspberry-pi-6")


def test_a_real_camera_is_never_named_by_two_entries() -> None:
    entry = open_profile("jetson-orin-nx").camera
    assert isinstance(entry, CameraEntry)
    with pytest.raises(ValueError, match="'source' must be 'camera'"):
        replace(entry, source="camera:/dev/video0")
