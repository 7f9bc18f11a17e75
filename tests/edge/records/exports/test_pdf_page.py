"""A sheet of paper: what is measured once is measured right."""

import io
from typing import Any

import pypdf
import pytest
from fpdf import FPDF
from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection
from fpdf.fonts import TTFFont

from leukoscope_edge.records.exports import OWN
from leukoscope_edge.records.exports.fonts import find_fonts
from leukoscope_edge.records.exports.pdf_page import (
    LEFT_TO_RIGHT_MARK,
    MeasuredFont,
    PdfPage,
    in_order,
)

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


@pytest.mark.parametrize("after", ["رمز التدقيق {}", "{}, دم", "الشريحة 0002، {} دم"])
@pytest.mark.parametrize(
    "code", ["6873-0E60-4F51", "0E60-4F51", "12/A4", "2026-04-12", "S-2026-17"]
)
def test_a_code_reads_as_it_was_written_among_letters_that_run_to_the_left(
    after: str, code: str
) -> None:
    text = in_order(after.format(code))
    assert code in BidiParagraph(text=text).get_reordered_string()


def test_without_a_mark_a_code_after_arabic_is_turned_around() -> None:
    shown = BidiParagraph(text="رمز 6873-0E60-4F51").get_reordered_string()
    assert shown.startswith("0E60-4F51-6873")


def test_a_line_of_paper_keeps_a_code_in_order() -> None:
    sheet = PdfPage(title="", foot=("a",), fonts=find_fonts(TEXTS))
    sheet.line_of("رمز 6873-0E60", size_pt=9)
    sheet.caption("رمز 6873-0E60", 20, 20, 27)
    text = pypdf.PdfReader(io.BytesIO(bytes(sheet.output()))).pages[0].extract_text()
    assert text.count("6873-0E60") == 2


@pytest.mark.parametrize(
    ("text", "is_marked"),
    [
        ("Slide 2026-0012", False),
        ("2026-0012", False),
        ("Name: دم, 2026-0012", True),
        ("الشريحة 2026-0012", True),
    ],
)
@pytest.mark.parametrize("from_right", [False, True])
def test_what_is_copied_from_a_sheet_holds_a_hidden_mark_only_beside_arabic(
    text: str, *, is_marked: bool, from_right: bool
) -> None:
    sheet = PdfPage(
        title="", foot=(), fonts=find_fonts(TEXTS), is_right_to_left=from_right
    )
    sheet.line_of(text)
    sheet.caption(text, 20, 60, 60)
    shown = pypdf.PdfReader(io.BytesIO(bytes(sheet.output()))).pages[0].extract_text()
    assert (LEFT_TO_RIGHT_MARK in shown) == is_marked
    assert shown.count("2026-0012") == 2


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
