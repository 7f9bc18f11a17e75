"""Every way of segmenting has its name, and finds a drawn nucleus."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.inference import SHIPPED
from leukoscope_edge.types import CellKind
from leukoscope_train.evaluation.segmentation_methods import METHODS, method_of

SCALE_UM_PER_PX = 0.1
FIELD = np.full((240, 240, 3), (225, 215, 225), np.uint8)
cv2.circle(FIELD, (120, 120), 60, (205, 190, 220), cv2.FILLED)
cv2.circle(FIELD, (120, 120), 45, (110, 60, 140), cv2.FILLED)


@pytest.mark.parametrize("name", METHODS)
def test_each_method_finds_the_nucleus(name: str) -> None:
    find = method_of(name, SHIPPED / "unet-nuclei-1")
    found = find(cv2.GaussianBlur(FIELD, (0, 0), 1.2), SCALE_UM_PER_PX)
    cells = [i for kind in (CellKind.WBC, CellKind.BORDER) for i in found.indices(kind)]
    assert cells
    assert found.nucleus_labels[120, 120] - 1 in cells


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(AttributeError):
        method_of("guess", Path())
