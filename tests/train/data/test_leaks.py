from dataclasses import replace

import numpy as np
import pytest
from tests.train.drawn_cells import draw_cells
from tests.train.encoded_again import again

from leukoscope_train.data.leaks import (
    drop_twins,
    find_twins,
    merge_twins,
    refuse_twins,
)
from leukoscope_train.errors import DataError


def test_no_cells_have_no_twins() -> None:
    empty = draw_cells().pick(np.zeros(0, np.int64))
    assert find_twins(empty, empty.people) == []


def test_different_cells_are_no_twins() -> None:
    crops = draw_cells()
    assert find_twins(crops, crops.people) == []


def test_a_cell_encoded_again_is_found_and_its_people_joined() -> None:
    crops = draw_cells()
    pixels = crops.pixels.copy()
    pixels[13] = again(pixels[1])
    leaky = replace(crops, pixels=pixels)
    assert [(t.first, t.second) for t in find_twins(leaky, leaky.people)] == [(1, 13)]
    with pytest.raises(DataError, match=r"1\.png of p0 and 13\.png of p2"):
        refuse_twins(leaky, leaky.people)
    merged, lines = merge_twins(leaky)
    assert set(merged.people[merged.labels == 0].tolist()) == {"p0+p2", "p4", "p6"}
    assert lines == ["p0 and p2 share 1 cells"]
    refuse_twins(merged, merged.people)


def test_a_cell_shown_twice_is_kept_once_and_counted() -> None:
    crops = draw_cells()
    pixels = crops.pixels.copy()
    pixels[3], pixels[4] = again(pixels[1]), again(pixels[2])
    kept, lines = drop_twins(replace(crops, pixels=pixels))
    assert kept.names.tolist()[:4] == ["0.png", "1.png", "2.png", "5.png"]
    assert len(kept) == 46
    assert lines == ["p0: 2 crops show a cell that another shows"]
    assert drop_twins(crops)[1] == []


def test_a_cell_of_both_classes_is_refused() -> None:
    crops = draw_cells()
    pixels = crops.pixels.copy()
    pixels[7] = again(pixels[1])
    with pytest.raises(DataError, match="has blasts and normal cells"):
        merge_twins(replace(crops, pixels=pixels))
