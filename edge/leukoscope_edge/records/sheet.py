"""A sheet of paper: fonts, lines, banners and rows, whatever they say."""

import io
from collections.abc import Iterable

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from leukoscope_edge.records.fonts import Fonts, is_right_to_left

MARGIN_MM, WIDTH_MM = 15.0, 180.0
"""A4 is 210 mm wide."""
FOOT_MM = 20.0
LABEL_MM = 42.0
LINE_MM_PER_PT = 0.46
"""Height of a line: 1.3 times the font's, and a point is 0.353 mm."""
RGB = tuple[int, int, int]
INK: RGB = (27, 27, 27)
WHITE: RGB = (255, 255, 255)


class Sheet(FPDF):
    """A4 pages with the same lines at the foot of each."""

    def __init__(self, *, title: str, foot: Iterable[str], fonts: Fonts) -> None:
        """Load the fonts and open the first page.

        Args:
            title: For the file's own title.
            foot: Lines for the foot of every page, the first of them bold.
            fonts: What to print with.
        """
        super().__init__(format="A4")
        self._foot = tuple(foot)
        self.chosen = fonts
        self._family = "base" if self.chosen.regular else "helvetica"
        self._load_fonts()
        self.set_title(title)
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=FOOT_MM + 3)
        self.set_text_color(*INK)
        self.add_page()

    def footer(self) -> None:
        """Print the foot of a page."""
        self.set_y(-FOOT_MM)
        self.set_text_color(*INK)
        self.line_of(self._foot[0], size_pt=8, bold=True)
        for text in self._foot[1:]:
            self.line_of(text, size_pt=8)
        self.line_of(f"Page {self.page_no()} of {{nb}}", size_pt=8)

    def line_of(
        self,
        text: str,
        *,
        size_pt: float = 10,
        bold: bool = False,
        indent_mm: float = 0,
        fill: RGB | None = None,
    ) -> None:
        """Print a text on as many lines as it needs.

        Args:
            text: Any script; one that runs to the left is set to the right.
            size_pt: Size of the font.
            bold: Set it bold.
            indent_mm: From the left margin.
            fill: Colour behind it, none if None.
        """
        self.set_font(self._family, style="B" if bold else "", size=size_pt)
        self.set_fill_color(*(fill or WHITE))
        self.set_x(MARGIN_MM + indent_mm)
        self.multi_cell(
            WIDTH_MM - indent_mm,
            size_pt * LINE_MM_PER_PT,
            self._printable(text),
            align="R" if is_right_to_left(text) else "L",
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

    def heading(self, text: str) -> None:
        """Print a heading; it stays with what follows."""
        if self.will_page_break(20):
            self.add_page()
        self.ln(3)
        self.line_of(text, size_pt=12, bold=True)
        self.ln(1)

    def row(self, label: str, text: str) -> None:
        """Print a label and what belongs to it."""
        if self.will_page_break(10):
            self.add_page()
        top = self.get_y()
        self.line_of(label, size_pt=9, bold=True)
        bottom = self.get_y()
        self.set_y(top)
        self.line_of(text, size_pt=9, indent_mm=LABEL_MM)
        self.set_y(max(bottom, self.get_y()))

    def picture(self, png: bytes, x_mm: float, y_mm: float, side_mm: float) -> None:
        """Print a square PNG picture."""
        self.image(io.BytesIO(png), x=x_mm, y=y_mm, w=side_mm, h=side_mm)

    def caption(self, text: str, x_mm: float, y_mm: float, width_mm: float) -> None:
        """Print small lines under a picture."""
        self.set_font(self._family, size=7)
        self.set_xy(x_mm, y_mm)
        self.multi_cell(width_mm, 3, self._printable(text), align="L")

    def _load_fonts(self) -> None:
        if self.chosen.regular is None or self.chosen.bold is None:
            return
        self.add_font("base", "", str(self.chosen.regular))
        self.add_font("base", "B", str(self.chosen.bold))
        for name, path in self.chosen.scripts.items():
            self.add_font(name, "", str(path))
        self.set_fallback_fonts(list(self.chosen.scripts), exact_match=False)
        self.set_text_shaping(use_shaping_engine=bool(self.chosen.scripts))

    def _printable(self, text: str) -> str:
        if self.chosen.regular is not None:
            return text
        return text.encode("latin-1", "replace").decode("latin-1")
