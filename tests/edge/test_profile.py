from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.profile import (
    CameraEntry,
    SiteNetworkEntry,
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
    assert profile.network == SiteNetworkEntry(hotspot=False, mdns=False)


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
        ("n_threads", "segmenter = 3\nn_threads", "'segmenter' must be str"),
        ("n_threads", "segmenter = ''\nn_threads", "or the name of a shipped network"),
        ("n_threads", "segmenter = '../x'\nn_threads", "'segmenter' must be 'thresho"),
        ("n_threads", "segmenters = 'x'\nn_threads", "unknown key 'segmenters'"),
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


def test_cells_are_found_by_thresholds_unless_a_profile_asks_for_a_network(
    tmp_path: Path,
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(changed("n_threads", "segmenter = 'unet-nuclei-1'\nn_threads"))
    assert open_profile(str(path)).segmenter == "unet-nuclei-1"
    assert {open_profile(name).segmenter for name in shipped_profiles()} == {
        "thresholds"
    }


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="raspberry-pi-5"):
        open_profile("raspberry-pi-6")


def test_a_real_camera_is_never_named_by_two_entries() -> None:
    entry = open_profile("jetson-orin-nx").camera
    assert isinstance(entry, CameraEntry)
    with pytest.raises(ValueError, match="'source' must be 'camera'"):
        replace(entry, source="camera:/dev/video0")


GOOD = """
name = "x"
data_dir = "d"
[camera]
source = "simulated"
frames_per_second = 10.0
[page]
"""


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "x.toml"
    path.write_text(text)
    return open_profile(str(path))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "missing key 'name'"),
        (GOOD + "colour = 1\n", "unknown key 'page.colour'"),
        (GOOD + 'address = "0.0.0.0"\n', "must be one of the device's own"),
        (GOOD + 'address = "::"\n', "must be one of the device's own"),
        (GOOD + 'address = "example.org"\n', "IPv4 or IPv6"),
        (GOOD + "port = 70000\n", "'port' must lie in"),
        (GOOD.replace("10.0", "0.0"), "'frames_per_second' must lie in"),
        ("n_threads = -1\n" + GOOD, "'n_threads' must lie in"),
    ],
)
def test_refuses_what_no_device_has(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read(tmp_path, text)


@pytest.mark.parametrize("name", ["no-such-device", "../x", ""])
def test_names_the_shipped_ones_where_there_is_none(name: str) -> None:
    with pytest.raises(ConfigError, match="simulated"):
        open_profile(name)
