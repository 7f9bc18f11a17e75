from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.edge.vision.scale.test_stage_micrometer import OWN

from leukoscope_edge.cli import main
from leukoscope_edge.cli.commands.calibrate import calibration_bytes
from leukoscope_edge.config import parse_toml, read_toml
from leukoscope_edge.vision.scale import Calibration

NAMES = ("--camera", "cam", "--objective", "100x oil")


def write(path: Path, grey: np.ndarray) -> str:
    """Write a grey picture as a colour camera sees it, a little yellow."""
    tinted = grey[..., None] * np.array([0.9, 1.0, 1.0])
    cv2.imwrite(str(path), tinted.astype(np.uint8))
    return str(path)


@pytest.fixture
def micrometer(tmp_path: Path) -> str:
    """Lines every 40 pixels."""
    pixels = np.full((480, 640), 210, np.uint8)
    for x in range(20, 640, 40):
        pixels[60:420, x - 2 : x + 2] = 60
    return write(tmp_path / "lines.png", pixels)


def test_lines_and_a_blank_area_become_a_calibration(
    micrometer: str, tmp_path: Path
) -> None:
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    blank = write(tmp_path / "blank.png", 200 * (1 - 0.2 * (x**2 + y**2)))
    out = tmp_path / "own.toml"
    arguments = ["calibrate", micrometer, "--spacing-um", "10", "--flat-field", blank]
    assert main([*arguments, *NAMES, "--out", str(out)]) == 0
    calibration = read_toml(out, Calibration)
    assert calibration.um_per_px == pytest.approx(0.25, rel=0.005)
    assert calibration.objective == "100x oil"
    assert calibration.flat is not None


def test_two_points_become_a_calibration(micrometer: str, tmp_path: Path) -> None:
    out = tmp_path / "own.toml"
    points = ["--distance-um", "100", "--points", "20", "50", "420", "50"]
    assert main(["calibrate", micrometer, *points, *NAMES, "--out", str(out)]) == 0
    assert read_toml(out, Calibration).um_per_px == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--distance-um", "100"], "needs --points"),
        (["--distance-um", "1", "--points", "0", "0", "600", "0"], "um_per_px"),
    ],
)
def test_wrong_use_fails_in_one_line_and_writes_nothing(
    micrometer: str,
    tmp_path: Path,
    arguments: list[str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "own.toml"
    assert main(["calibrate", micrometer, *arguments, *NAMES, "--out", str(out)]) in (
        1,
        2,
    )
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--spacing-um", "-1"], "expected micrometres in 0.5..1000.0"),
        (["--spacing-um", "10000"], "nanometres? 10000 nm are 10 um"),
        (["--distance-um", "100000"], "nanometres? 100000 nm are 100 um"),
        (["--spacing-um", "10", "--camera", ""], "was a variable not set?"),
        (["--spacing-um", "10", "--objective", ""], "was a variable not set?"),
    ],
)
def test_a_word_that_cannot_be_meant_is_wrong_use(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["calibrate", "lines.png", *NAMES, "--out", "own.toml", *arguments]
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert reason in capsys.readouterr().err


def test_blood_without_red_cells_is_said_to_be_unmeasured(
    micrometer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = write(tmp_path / "blank.png", np.full((480, 640), 200, np.uint8))
    arguments = ["calibrate", micrometer, "--spacing-um", "10", "--blood", blank]
    assert main([*arguments, *NAMES, "--out", str(tmp_path / "own.toml")]) == 0
    said = capsys.readouterr().out
    assert "could not be measured" in said
    assert "no objection" not in said


def test_names_with_quotes_survive_the_file() -> None:
    own = replace(OWN, camera='a "b" \\ c')
    assert parse_toml(calibration_bytes(own), Calibration, where="own.toml") == own


@pytest.mark.parametrize("spacing_px", [12, 40])
def test_the_height_of_a_band_of_short_lines_is_no_spacing(
    spacing_px: int, tmp_path: Path
) -> None:
    grey = np.full((480, 640), 210, np.uint8)
    for x in range(20, 620, spacing_px):
        grey[180:300, x - 2 : x + 2] = 60
    picture = str(tmp_path / "grey.png")
    assert cv2.imwrite(picture, grey)  # lines need no colour
    out = tmp_path / "own.toml"
    words = ["calibrate", picture, "--spacing-um", "10", *NAMES, "--out", str(out)]
    assert main(words) == 0
    found = read_toml(out, Calibration).um_per_px
    assert found == pytest.approx(10 / spacing_px, rel=0.01)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "um_per_px"), [("d_12", 10 / 12), ("g_50px_short_lines", 0.2)]
)
def test_drawn_micrometers_are_measured_by_their_lines(
    name: str, um_per_px: float, tmp_path: Path
) -> None:
    cases = Path(__file__).resolve().parents[5] / "shared" / "cases" / "micrometers"
    if not cases.is_dir():
        pytest.skip(f"the cases are not at {cases}")
    out, picture = tmp_path / "own.toml", str(cases / f"{name}.jpg")
    words = ["calibrate", picture, "--spacing-um", "10", *NAMES, "--out", str(out)]
    assert main(words) == 0
    assert read_toml(out, Calibration).um_per_px == pytest.approx(um_per_px, rel=0.01)


@pytest.mark.real
def test_a_micrometer_beyond_any_microscope_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = Path(__file__).resolve().parents[5] / "shared" / "cases" / "micrometers"
    if not cases.is_dir():
        pytest.skip(f"the cases are not at {cases}")
    out = tmp_path / "own.toml"
    words = ["calibrate", str(cases / "f_5.jpg"), "--spacing-um", "10", *NAMES]
    assert main([*words, "--out", str(out)]) == 1
    assert "must lie in 0.01..2.0" in capsys.readouterr().err
    assert not out.exists()
