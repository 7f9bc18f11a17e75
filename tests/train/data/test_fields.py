"""Cells of whole fields, as the device cuts them."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.capture import SCALE_UM_PER_PX, parse_simulated
from leukoscope_edge.types import Frame
from leukoscope_edge.vision import CropSpec
from leukoscope_train.data import BLAST, NORMAL, CellFile, CropSet
from leukoscope_train.data.fields import crops_of_fields

SPEC = CropSpec(side_px=64, scale_um_per_px=0.3, colour="masked")


def field(folder: Path, *, squash: bool) -> CellFile:
    """A drawn frame, as it is or squashed to a square."""
    with parse_simulated("simulated:seed=5,frames=1,cells=12") as camera:
        frame = camera.read()
    assert isinstance(frame, Frame)
    pixels = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR)
    if squash:
        pixels = cv2.resize(pixels, (480, 480), interpolation=cv2.INTER_AREA)
    path = folder / f"squash-{squash}.png"
    cv2.imwrite(str(path), pixels)
    return CellFile(path=path, label=NORMAL, person="", split="", source="drawn")


def cells(file: CellFile, size_px: tuple[int, int] | None = None) -> CropSet:
    found, left_out = crops_of_fields(
        [file], SPEC, scale_um_per_px=SCALE_UM_PER_PX, size_px=size_px
    )
    assert left_out == []
    return found


def test_a_squashed_field_is_stretched_to_its_own_shape_first(tmp_path: Path) -> None:
    own = cells(field(tmp_path, squash=False)).areas_um2
    squashed = field(tmp_path, squash=True)
    again = cells(squashed, (640, 480)).areas_um2
    assert len(again) == len(own)
    np.testing.assert_allclose(np.sort(again), np.sort(own), rtol=0.1)
    assert np.median(cells(squashed).areas_um2) < 0.85 * np.median(own)


def test_a_marked_blast_is_the_cell_that_it_lies_in(tmp_path: Path) -> None:
    file = field(tmp_path, squash=False)
    assert set(cells(file).labels.tolist()) == {NORMAL}
    nowhere = replace(file, label=BLAST, blasts_px=((-1e3, -1e3),))
    assert set(cells(nowhere).labels.tolist()) == {NORMAL}
