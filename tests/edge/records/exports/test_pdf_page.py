"""A sheet of paper: what is measured once is measured right."""

from typing import Any

import pytest
from fpdf import FPDF
from fpdf.enums import TextDirection
from fpdf.fonts import TTFFont

from leukoscope_edge.records.exports import OWN
from leukoscope_edge.records.exports.fonts import find_fonts
from leukoscope_edge.records.exports.pdf_page import MeasuredFont, PdfPage

TEXTS = ("", "cell 12", "model: blast 90 %", "خلية 12", "कोशिका १२")
FILES = ("NotoSans-Regular", "NotoSansArabic-Regular", "NotoSansDevanagari-Regular")


class Counted(MeasuredFont):
    """Counts how often it shapes a text."""

    __slots__ = ("n_shaped",)

    def perform_harfbuzz_shaping(self, *args: Any) -> Any:
        self.n_shaped = getattr(self, "n_shaped", 0) + 1
        return super().perform_harfbuzz_shaping(*args)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("direction", list(TextDirection))
def test_a_text_is_as_wide_as_its_font_says(
    name: str, direction: TextDirection
) -> None:
    sheet, file = FPDF(), OWN / f"{name}.ttf"
    plain = TTFFont(sheet, file, "plain", "")
    measured = MeasuredFont(sheet, file, "measured", "")
    params = {"features": {}, "fragment_direction": direction}
    for text in (*TEXTS, *TEXTS):
        for size_pt in (7.0, 9.0):
            width = plain.get_text_width(text, size_pt, params)
            assert measured.get_text_width(text, size_pt, params) == width
    plain.close()
    measured.close()


def test_a_text_is_shaped_once_for_its_width() -> None:
    font = Counted(FPDF(), OWN / f"{FILES[1]}.ttf", "counted", "")
    params = {"features": {}, "fragment_direction": TextDirection.RTL}
    for _ in range(3):
        font.get_text_width(TEXTS[3], 7.0, params)
    font.close()
    assert font.n_shaped == 1


def test_every_font_of_a_sheet_measures_once() -> None:
    sheet = PdfPage(title="", foot=("a",), fonts=find_fonts(TEXTS))
    sheet.output()
    assert len(sheet.fonts) == 2 * len(FILES)
    assert all(isinstance(font, MeasuredFont) for font in sheet.fonts.values())
