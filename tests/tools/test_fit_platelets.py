"""What tells platelets is fitted set by set, and no set pays for the others."""

import importlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from leukoscope_edge.vision.cells import platelets as rule

TOOLS = Path(__file__).parents[2] / "tools"
N_CELLS, N_PLATELETS = 800, 200
SPREAD = np.array([0.05, 0.05, 0.1, 0.05])
OF_CELLS = np.log([9.0, 12.0, 1.4, 2.2])
OF_PLATELETS = np.log([6.0, 7.0, 0.9, 2.5])


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(TOOLS)
    return importlib.import_module("fit_platelets")


def around(middle: np.ndarray, n: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.asarray(middle + SPREAD * random.normal(size=(n, 4)))


def sets(*shifts: float) -> dict[str, np.ndarray]:
    """Sets of white cells, each so much smaller than others."""
    return {
        str(i): around(OF_CELLS - [shift, shift, 0, 0], N_CELLS, i)
        for i, shift in enumerate(shifts)
    }


def test_platelets_are_told_and_no_set_loses_more_than_it_may(tool: Any) -> None:
    white, platelets = sets(0, 0, 0.2), around(OF_PLATELETS, N_PLATELETS, 9)
    fit = tool.fitted(white, platelets)
    assert (fit.scores(platelets) > 0).mean() > 0.9
    for cells in white.values():
        assert (fit.scores(cells) > 0).mean() <= tool.MAX_LOST


def test_a_set_left_out_has_a_line_of_its_own(tool: Any) -> None:
    white, platelets = sets(0, 0.25), around(OF_PLATELETS, N_PLATELETS, 9)
    sharp = around(OF_PLATELETS, 30, 3)
    first, second, *rest = tool.report(white, platelets, sharp)
    assert first.startswith("0: left out, ")
    assert second.startswith("1: left out, ")
    assert " of 800 white cells are lost" in second
    assert "0 of 800" not in second  # the smaller cells were not learned from
    assert [line.split()[0] for line in rest] == ["all", "PBC,", "SLOPES", "BIAS"]
    lost = int(rest[1].split()[2])
    assert 20 < lost <= 30  # sharpened ones that look like platelets


def test_a_fit_on_pbc_alone_shows_what_cameras_have_no_part_in(tool: Any) -> None:
    white = {"pbc": around(OF_CELLS, N_CELLS, 0)}
    white["other"] = around(OF_CELLS, N_CELLS, 1)
    platelets = around(OF_PLATELETS, N_PLATELETS, 9)
    told = {name: np.c_[cells, np.zeros(N_CELLS)] for name, cells in white.items()}
    told["other"][:, 4] -= np.linspace(0.5, 1, N_CELLS)  # by its camera
    told["pbc"][:, 4] = np.linspace(0, 0.5, N_CELLS)
    of_platelets = np.c_[platelets, np.linspace(0, 0.5, N_PLATELETS)]
    lines = tool.report(told, of_platelets, told["pbc"])
    alone, everywhere = (
        float(line.split()[-1].strip(")"))
        for line in lines
        if line.endswith(")") and "(-" in line
    )
    assert abs(alone) < 0.3 < everywhere


def test_fine_measures_tell_coarse_chromatin_and_a_steep_rim(tool: Any) -> None:
    nucleus, pixels = np.zeros((80, 80), np.uint8), np.full((80, 80, 3), 230, np.uint8)
    cv2.circle(nucleus, (40, 40), 25, 1, cv2.FILLED)
    pixels[nucleus > 0] = 85
    texture, rim = tool.fine(pixels, nucleus, 0.16)
    soft = cv2.GaussianBlur(pixels, (0, 0), 6.0)
    assert texture < 0.02
    assert rim > tool.fine(soft, nucleus, 0.16)[1] + 0.5
    grain = np.random.default_rng(0).integers(-40, 40, (20, 20))
    coarse = grain.repeat(4, 0).repeat(4, 1).astype(np.uint8)
    pixels[nucleus > 0] += coarse[nucleus > 0, None]
    assert tool.fine(pixels, nucleus, 0.16)[0] > 5 * texture


def test_black_and_unstained_objects_have_fine_measures(tool: Any) -> None:
    nucleus = np.zeros((9, 9), np.uint8)
    nucleus[4, 4] = 1
    for level in (0, 230, 255):
        pixels = np.full((9, 9, 3), level, np.uint8)
        assert np.isfinite(tool.fine(pixels, nucleus, 0.42)).all()


def test_a_folder_without_the_sets_ends_in_one_line(
    tool: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pbc" / "platelet").mkdir(parents=True)
    assert tool.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_objects_are_measured_and_the_rule_is_left_as_it_was(
    tool: Any, tmp_path: Path
) -> None:
    pixels = np.full((128, 128, 3), (215, 222, 225), np.uint8)
    cv2.circle(pixels, (64, 64), 20, (170, 60, 95), cv2.FILLED)
    for place in ((15, 15), (110, 20), (20, 110), (110, 110)):
        cv2.circle(pixels, place, 13, (160, 150, 190), cv2.FILLED)
    folder = tmp_path / "pbc" / "lymphocyte"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "1.png"), cv2.GaussianBlur(pixels, (0, 0), 1.0))
    before = rule.measure, rule.is_platelet
    (row,) = tool.measured(tmp_path, tool.PBC, 1)
    (sharp,) = tool.measured(tmp_path, tool.PBC, 1, sharpened=True)
    assert np.exp(row[0]) == pytest.approx(40 * tool.PBC.um_per_px, rel=0.1)
    assert row[3] == pytest.approx(1, abs=0.1)
    assert sharp[5] > row[5] + 0.1  # a steeper rim
    assert (rule.measure, rule.is_platelet) == before
