"""No person and no image stands on two sides of a fold."""

from dataclasses import replace

import numpy as np
import pytest
from tests.train.drawn_cells import draw_cells

from leukoscope_train.data.folds import fold_people, folds_of, refuse_leaks
from leukoscope_train.errors import DataError


def test_no_person_stands_in_two_folds() -> None:
    crops = draw_cells()
    folds = fold_people(crops, 4)
    fold_of = folds_of(crops, folds)
    for person in np.unique(crops.people):
        assert len(set(fold_of[crops.people == person])) == 1
    assert set(fold_of) == {0, 1, 2, 3}


def test_too_few_people_for_the_folds_are_refused() -> None:
    with pytest.raises(DataError, match="fewer than 4 folds"):
        fold_people(draw_cells(4), 4)


def test_the_same_image_on_two_sides_is_refused() -> None:
    crops = draw_cells()
    pixels = crops.pixels.copy()
    pixels[-1] = pixels[0]
    leaky = replace(crops, pixels=pixels)
    folds = {p: i for i, p in enumerate(np.unique(crops.people).tolist())}
    with pytest.raises(DataError, match="share an image"):
        refuse_leaks(leaky, folds)
