"""Crops as they are kept."""

from pathlib import Path

import numpy as np
import pytest
from tests.train.drawn_cells import draw_cells

from leukoscope_edge.vision import CropSpec
from leukoscope_train.data import read_cells
from leukoscope_train.data.cells import (
    crop_cells,
    cut_out_crop,
    load_crops,
    rows_of,
    save_crops,
)
from leukoscope_train.errors import DataError


def test_crops_survive_the_disk(tmp_path: Path) -> None:
    crops = draw_cells()
    save_crops(tmp_path / "c.npz", crops)
    again = load_crops(tmp_path / "c.npz")
    assert np.array_equal(again.pixels, crops.pixels)
    assert again.people.tolist() == crops.people.tolist()
    (tmp_path / "c.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="no crops here"):
        load_crops(tmp_path / "c.npz")


def test_unreadable_images_are_listed_and_nothing_left_is_refused(
    tmp_path: Path,
) -> None:
    bad = tmp_path / "UID_2_1_1_all.bmp"
    bad.write_bytes(b"no image")
    spec = CropSpec(side_px=32, scale_um_per_px=0.6, colour="masked")
    with pytest.raises(DataError, match="1 images were left out"):
        crop_cells(read_cells(tmp_path).files, cut_out_crop, spec)
    with pytest.raises(DataError, match="no crops here"):
        load_crops(bad)


@pytest.mark.parametrize(
    "data",
    [
        b"file,label\na.png,all\n",
        b"\xef\xbb\xbffile;label\r\na.png;all\r\n",
        b'"file"\t"label"\r\n"a.png"\t"all"\r\n',
        b'file,label\n"a.png",all',
    ],
)
def test_a_table_is_read_as_any_spreadsheet_writes_it(
    data: bytes, tmp_path: Path
) -> None:
    table = tmp_path / "cells.csv"
    table.write_bytes(data)
    assert rows_of(table, ("file", "label")) == [{"file": "a.png", "label": "all"}]


@pytest.mark.parametrize(
    "data",
    [b"file,label\ncaf\xe9.png,all\n", "file,label\na.png,all\n".encode("utf-16")],
)
def test_a_table_in_another_encoding_is_refused(data: bytes, tmp_path: Path) -> None:
    table = tmp_path / "cells.csv"
    table.write_bytes(data)
    with pytest.raises(DataError, match="save it as CSV in UTF-8"):
        rows_of(table, ("file", "label"))
