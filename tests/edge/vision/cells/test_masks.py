"""The body of cells by colour alone: nuclei always, red cells only beneath them."""

import numpy as np
import pytest

from leukoscope_edge.vision.cells.masks import EVERYWHERE, Tints

TINTS = Tints(
    #                 plasma, pale, dark, red cell, nucleus, nucleus on a red cell
    lack=np.array([[0, 50, 90, 90, 0, 90]], np.uint8),
    nuclei=np.array([[0, 0, 0, 0, 1, 1]], np.bool_),
    red=np.array([[0, 0, 0, 1, 0, 1]], np.bool_),
    low=40,
    high=80,
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (TINTS.held(), [0, 1, 1, 1, 1, 1]),
        (TINTS.loose(EVERYWHERE), [0, 1, 1, 0, 1, 1]),
        (TINTS.strict(EVERYWHERE), [0, 0, 1, 0, 1, 1]),
    ],
)
def test_each_body_holds_the_nuclei_and_what_its_level_says(
    body: np.ndarray, expected: list[int]
) -> None:
    assert body.dtype == np.bool_
    assert body.astype(int).tolist() == [expected]


def test_a_level_itself_is_not_above_it() -> None:
    at = Tints(
        lack=np.array([[40, 41, 80, 81]], np.uint8),
        nuclei=np.zeros((1, 4), np.bool_),
        red=np.zeros((1, 4), np.bool_),
        low=40,
        high=80,
    )
    assert at.held().tolist() == [[False, True, True, True]]
    assert at.strict(EVERYWHERE).tolist() == [[False, False, False, True]]


def test_a_window_holds_what_lies_in_it() -> None:
    window = (slice(0, 1), slice(1, 4))
    assert TINTS.loose(window).tolist() == TINTS.loose(EVERYWHERE)[window].tolist()
    assert TINTS.held(window).shape == (1, 3)
