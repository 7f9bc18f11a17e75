"""The page of many screened slides on paper: what is folded or left out is said."""

import io
from pathlib import Path

import pypdf
from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser

from leukoscope_edge.archive import ArchiveRow
from leukoscope_edge.cli.archive_index import IndexEntry, write_page
from leukoscope_edge.i18n import ENGLISH

pytestmark = in_browser.pytestmark


def printed(page: Page) -> str:
    pages = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
    return " ".join(" ".join(p.extract_text().split()) for p in pages)


def test_paper_names_folded_images_and_says_that_slides_are_left_out(
    chromium: Browser, tmp_path: Path
) -> None:
    rows = [ArchiveRow(slide=f"S-{n}", result="few") for n in (1, 2)]
    rows += [ArchiveRow(slide="S-3", result="failed", sentence="no image")]
    entries = [IndexEntry(row=row, empty=(f"{row.slide}-empty.png",)) for row in rows]
    page = chromium.new_page()
    page.goto(write_page(entries, tmp_path, (), ENGLISH).as_uri())
    whole = printed(page)
    assert "S-1-empty.png" in whole
    assert "Few blast-like cells: 2" in whole
    assert "Search" not in whole
    assert page.locator("details[open]").count() == 0
    page.fill("#search", "s-2")
    some = printed(page)
    assert "S-2-empty.png" in some
    assert "S-1" not in some
    assert "1 / 3" in some
    assert "Few blast-like cells: 2" not in some
    page.close()
