"""Micrometres per pixel on the command line, and nanometres taken for them."""

from argparse import ArgumentTypeError

import pytest

from leukoscope_edge.cli.scale import parse_scale
from leukoscope_edge.vision.scale import SCALE_RANGE_UM_PER_PX

LOW, HIGH = SCALE_RANGE_UM_PER_PX


@pytest.mark.parametrize("value", [LOW, 0.08, HIGH])
def test_a_scale_of_a_microscope_is_read(value: float) -> None:
    assert parse_scale(str(value)) == value


@pytest.mark.parametrize("value", [0, LOW / 1.01, HIGH * 1.01, -0.08])
def test_a_scale_of_no_microscope_is_refused(value: float) -> None:
    with pytest.raises(ArgumentTypeError, match="expected micrometres per pixel"):
        parse_scale(str(value))


def test_nanometres_are_recognised_and_nothing_else_is() -> None:
    with pytest.raises(ArgumentTypeError, match=r"80 nm are 0\.08 um"):
        parse_scale("80")
    with pytest.raises(ArgumentTypeError) as caught:
        parse_scale("1e9")
    assert "nanometres" not in str(caught.value)
