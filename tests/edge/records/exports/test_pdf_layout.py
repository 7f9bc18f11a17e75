"""Measures and colours of the paper."""

import pytest
from fpdf import FPDF

from leukoscope_edge.records.exports.pdf_layout import INK, MARGIN_MM, WIDTH_MM
from leukoscope_edge.records.exports.pdf_report import (
    DIFFERENTIAL_MM,
    GAP_MM,
    PICTURE_MM,
    PICTURES_A_ROW,
)

HIGHEST_CONTRAST = 21.0


def luminance(rgb: tuple[int, int, int]) -> float:
    """Relative luminance, 0..1. Source: WCAG 2.2."""
    parts = [c / 255 for c in rgb]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_line_and_its_margins_are_as_wide_as_the_paper() -> None:
    assert pytest.approx(FPDF(format="A4").w, abs=0.01) == 2 * MARGIN_MM + WIDTH_MM


def test_pictures_and_columns_end_where_a_line_ends() -> None:
    row_mm = PICTURES_A_ROW * PICTURE_MM + (PICTURES_A_ROW - 1) * GAP_MM
    assert row_mm == pytest.approx(WIDTH_MM)
    assert sum(DIFFERENTIAL_MM) == pytest.approx(WIDTH_MM)
    assert GAP_MM > 0


def test_ink_stands_out_of_the_paper() -> None:
    contrast = 1.05 / (luminance(INK) + 0.05)
    assert 7 <= contrast <= HIGHEST_CONTRAST
