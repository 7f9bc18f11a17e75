"""What a JPEG throws away changes few calls, and makes no negative."""

import json
from pathlib import Path
from typing import Any

import cv2
import pytest

from leukoscope_edge.cli import main

N_TILES = 24
MAX_CHANGE = 0.25
"""Of the blasts that are called in the pictures that were not compressed again."""


def screened(
    real_data: Path, folder: Path, quality: int | None, out: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    """Screen tiles of patients' marrow, as PNG or as JPEG of a quality."""
    folder.mkdir()
    tiles = sorted((real_data / "marrow" / "images").glob("BLA_*.jpg"))[:N_TILES]
    assert len(tiles) == N_TILES
    suffix = ".png" if quality is None else ".jpg"
    how = [] if quality is None else [cv2.IMWRITE_JPEG_QUALITY, quality]
    for tile in tiles:
        pixels = cv2.imread(str(tile))
        assert pixels is not None
        assert cv2.imwrite(str(folder / f"{tile.stem}{suffix}"), pixels, how)
    facts = ["--um-per-px", "0.082", "--sample-type", "marrow", "--json"]
    assert main(["screen", str(folder), *facts]) == 0
    result: dict[str, Any] = json.loads(out.readouterr().out)
    return result


def n_blasts(result: dict[str, Any]) -> int:
    return sum(cell["call"] == "blast" for cell in result["cells"])


@pytest.mark.real
@pytest.mark.slow
def test_blasts_stay_blasts_as_a_good_jpeg(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {
        quality: screened(real_data, tmp_path / str(quality), quality, capsys)
        for quality in (None, 90, 75, 40)
    }
    n = n_blasts(found[None])
    assert n >= N_TILES // 3
    for quality in (90, 75):
        assert abs(n_blasts(found[quality]) - n) <= MAX_CHANGE * n, quality
    assert "none" not in {result["count"]["result"] for result in found.values()}
    for quality, result in found.items():
        is_named = "compressed too much (JPEG quality 40" in result["verdict"]
        assert is_named == (quality == 40), quality
