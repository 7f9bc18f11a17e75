"""A sheet of paper: fonts, lines, banners and rows, whatever they say."""

import io
import logging
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos
from fpdf.fonts import TTFFont

from leukoscope_edge.i18n import unbroken
from leukoscope_edge.records.exports.fonts import (
    Fonts,
    holds_right_to_left,
    is_right_to_left,
)
from leukoscope_edge.records.exports.pdf_layout import INK, MARGIN_MM, RGB, WIDTH_MM

FOOT_GAP_MM, FOOT_PT = 3.0, 8
CAPTION_PT, CAPTION_LINE_MM = 7, 3.0
LABEL_MM, LABEL_GAP_MM = 42.0, 2.0
LINE_MM_PER_PT = 0.46
"""Height of a line: 1.3 times the font's, and a point is 0.353 mm."""
LEFT_TO_RIGHT_MARK = "\u200e"
CODE = re.compile(r"(?<![\w/.:-])(?=\d\w*[-/:]\w)")
"""Where a code or date begins that the bidirectional algorithm would turn around:
after Arabic, digits and the groups behind their hyphens run to the left (UAX 9, W2)."""
HEADING_MM = 12.0
"""A heading of one line, with the space around it."""
SIGNATURE_MM = 90.0
WHITE: RGB = (255, 255, 255)
FAMILY = "base"


class MeasuredFont(TTFFont):
    """A font that shapes a text once to know its width.

    Breaking a line asks for the width of its beginning after every character, and a
    caption, a heading or the foot of a page are like many others.
    """

    __slots__ = ("_widths",)

    def __init__(self, sheet: FPDF, file: Path, key: str, style: str) -> None:
        """Read the font's file."""
        super().__init__(sheet, file, key, style)
        self._widths: dict[tuple[object, ...], tuple[int, float]] = {}

    def shaped_text_width(
        self,
        text: str,
        font_size_pt: float,
        text_shaping_params: dict[str, Any] | None,
    ) -> tuple[int, float]:
        """Return the number of glyphs of a text and its width in points."""
        # The other parameters of shaping are the same on the whole sheet.
        direction = (text_shaping_params or {}).get("fragment_direction")
        key = (text, font_size_pt, direction)
        if key not in self._widths:
            self._widths[key] = super().shaped_text_width(
                text, font_size_pt, text_shaping_params
            )
        return self._widths[key]


def in_order(text: str) -> str:
    """Return a text whose codes and dates read as they were written, also in Arabic.

    Where nothing runs to the left no mark is needed, and none is copied with a label.
    """
    if not holds_right_to_left(text):
        return text
    return CODE.sub(LEFT_TO_RIGHT_MARK, text)


class PdfPage(FPDF):
    """A4 pages with the same lines at the foot of each."""

    def __init__(
        self,
        *,
        title: str,
        foot: Iterable[str],
        fonts: Fonts,
        page_of: str = "Page {n} of {m}",
        is_right_to_left: bool = False,
    ) -> None:
        """Load the fonts and open the first page.

        Args:
            title: For the file's own title.
            foot: Lines for the foot of every page, the first of them bold.
            fonts: What to print with.
            page_of: How a page's number is said.
            is_right_to_left: Labels stand on the right.
        """
        super().__init__(format="A4")
        # fpdf logs the characters that a font lacks: parts of a name.
        logging.getLogger("fpdf").setLevel(logging.ERROR)
        self._foot, self._page_of = tuple(foot), page_of
        self._from_right = is_right_to_left
        self._chosen = fonts
        self._load_fonts()
        self.set_title(title)
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_text_color(*INK)
        self._foot_mm = 0.0
        self.set_auto_page_break(auto=False)
        self.add_page()
        self._foot_mm = MARGIN_MM / 2 + sum(map(self._foot_line_mm, self._foot_lines()))
        self.set_auto_page_break(auto=True, margin=self._foot_mm + FOOT_GAP_MM)

    def footer(self) -> None:
        """Print the foot of a page."""
        self.set_y(-self._foot_mm)
        self.set_text_color(*INK)
        for i, text in enumerate(self._foot_lines()):
            self.line_of(text, size_pt=FOOT_PT, bold=i == 0)

    def _foot_lines(self) -> tuple[str, ...]:
        page = self._page_of.format(n=self.page_no(), m="{nb}")
        return (*self._foot, page)

    def _foot_line_mm(self, text: str) -> float:
        """Return how high a text of the foot is: it may take more than one line."""
        self.set_font(FAMILY, style="B", size=FOOT_PT)
        height_mm: Any = self.multi_cell(
            WIDTH_MM,
            FOOT_PT * LINE_MM_PER_PT,
            text,
            dry_run=True,
            output=MethodReturnValue.HEIGHT,
        )
        return float(height_mm)

    def signature_line(self, label: str) -> None:
        """Leave room for a hand to sign, together on one page."""
        if self.will_page_break(24):
            self.add_page()
        self.ln(16)
        y_mm = self.get_y()
        self.set_draw_color(*INK)
        begin_mm = MARGIN_MM + (WIDTH_MM - SIGNATURE_MM if self._from_right else 0)
        self.line(begin_mm, y_mm, begin_mm + SIGNATURE_MM, y_mm)
        self.ln(1)
        self.line_of(label, size_pt=9)

    def unprintable(self, texts: Iterable[str]) -> list[str]:
        """Return the characters of some texts that no loaded font has."""
        points = {ord(c) for text in texts for c in text if not c.isspace()}
        loaded = (f for f in self.fonts.values() if isinstance(f, TTFFont))
        missing = points.difference(*(f.cmap for f in loaded))
        visible = (chr(p) for p in sorted(missing))
        return [c for c in visible if unicodedata.category(c) != "Cf"]

    def line_of(
        self,
        text: str,
        *,
        size_pt: float = 10,
        bold: bool = False,
        indent_mm: float = 0,
        width_mm: float = WIDTH_MM,
        fill: RGB | None = None,
    ) -> None:
        """Print a text on as many lines as it needs.

        Args:
            text: Any script; one that runs to the left is set to the right.
            size_pt: Size of the font.
            bold: Set it bold.
            indent_mm: From the margin at which lines begin.
            width_mm: Of the text with its indent.
            fill: Colour behind it, none if None.
        """
        style = "B" if bold else ""
        self.set_font(FAMILY, style=style, size=size_pt + 1)
        # Once more: fpdf takes a fallback font's last size for this font's own.
        self.set_font(FAMILY, style=style, size=size_pt)
        self.set_fill_color(*(fill or WHITE))
        begin_mm = WIDTH_MM - width_mm if self._from_right else indent_mm
        self.set_x(MARGIN_MM + begin_mm)
        goes_left = self._from_right or is_right_to_left(text)
        self.multi_cell(
            width_mm - indent_mm,
            size_pt * LINE_MM_PER_PT,
            in_order(unbroken(text)),
            align="R" if goes_left else "L",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
            fill=fill is not None,
            padding=2 if fill else 0,
        )

    def banner(self, text: str, fill: RGB, *, size_pt: float = 11) -> None:
        """Print white words on a colour."""
        self.set_text_color(*WHITE)
        self.line_of(text, size_pt=size_pt, bold=True, fill=fill)
        self.set_text_color(*INK)
        self.ln(1.5)

    def heading(self, text: str, with_mm: float = 8) -> None:
        """Print a heading; it stays with so much of what follows."""
        if self.will_page_break(HEADING_MM + with_mm):
            self.add_page()
        self.ln(3)
        self.line_of(text, size_pt=12, bold=True)
        self.ln(1)

    def row(self, label: str, text: str) -> None:
        """Print a label and what belongs to it."""
        if self.will_page_break(10):
            self.add_page()
        top = self.get_y()
        self.line_of(label, size_pt=9, bold=True, width_mm=LABEL_MM - LABEL_GAP_MM)
        bottom = self.get_y()
        self.set_y(top)
        self.line_of(text, size_pt=9, indent_mm=LABEL_MM)
        self.set_y(max(bottom, self.get_y()))

    def columns(
        self, texts: Sequence[str], widths_mm: Sequence[float], *, bold: bool = False
    ) -> None:
        """Print one line of a table, from the side at which lines begin."""
        if self.will_page_break(6):
            self.add_page()
        top, bottom, left_mm = self.get_y(), self.get_y(), 0.0
        for text, width_mm in zip(texts, widths_mm, strict=True):
            self.set_y(top)
            right_mm = left_mm + width_mm
            self.line_of(
                text, size_pt=9, bold=bold, indent_mm=left_mm, width_mm=right_mm
            )
            bottom, left_mm = max(bottom, self.get_y()), right_mm
        self.set_y(bottom)

    def picture(self, png: bytes, x_mm: float, y_mm: float, side_mm: float) -> None:
        """Print a square PNG picture."""
        self.image(io.BytesIO(png), x=x_mm, y=y_mm, w=side_mm, h=side_mm)

    def picture_at_end(self, png: bytes, y_mm: float, side_mm: float) -> None:
        """Print a square PNG picture at the margin at which lines end."""
        end_mm = MARGIN_MM if self._from_right else MARGIN_MM + WIDTH_MM - side_mm
        self.picture(png, end_mm, y_mm, side_mm)

    def caption(self, text: str, x_mm: float, y_mm: float, width_mm: float) -> None:
        """Print small lines under a picture."""
        self.set_font(FAMILY, size=CAPTION_PT)
        self.set_xy(x_mm, y_mm)
        align = "R" if self._from_right else "L"
        self.multi_cell(
            width_mm, CAPTION_LINE_MM, in_order(unbroken(text)), align=align
        )

    def caption_height_mm(self, text: str, width_mm: float) -> float:
        """Return how high a caption will be."""
        self.set_font(FAMILY, size=CAPTION_PT)
        height_mm: Any = self.multi_cell(
            width_mm,
            CAPTION_LINE_MM,
            unbroken(text),
            dry_run=True,
            output=MethodReturnValue.HEIGHT,
        )
        return float(height_mm)

    def _load_fonts(self) -> None:
        for name, cuts in {FAMILY: self._chosen.base, **self._chosen.scripts}.items():
            for style, file in ("", cuts.regular), ("B", cuts.bold):
                key = f"{name.lower()}{style}"
                self.fonts[key] = MeasuredFont(self, file, key, style)
        self.set_fallback_fonts(list(self._chosen.scripts), exact_match=False)
        self.set_text_shaping(use_shaping_engine=bool(self._chosen.scripts))
