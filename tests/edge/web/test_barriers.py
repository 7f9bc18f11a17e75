"""axe finds nothing serious or moderate: every screen and dialog, languages, sizes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser
from tests.edge.web.all_screens import Screen, fill_records, looking, served, show
from tests.edge.web.in_browser import barriers

from leukoscope_edge.archive import ArchiveRow
from leukoscope_edge.cli.archive_index import RESULTS, IndexEntry, write_page
from leukoscope_edge.i18n import Language, languages
from leukoscope_edge.records.exports.html_report import html_bytes, suspects
from leukoscope_edge.records.exports.slide_version import open_dossier
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark
SIZES_PX = ((1024, 600), (360, 740), (1920, 1080))


def barriers_in_dialogs(page: Page) -> Iterator[str]:
    for dialog in page.locator("dialog").all():
        dialog.evaluate("dialog => dialog.showModal()")
        yield from barriers(page, "dialog[open]")
        dialog.evaluate("dialog => dialog.close()")


def barriers_in_sizes(page: Page, begin: int) -> Iterator[str]:
    """Look at a screen in each size, at its dialogs in the one it was opened in."""
    yield from barriers_in_dialogs(page)
    for turn in range(len(SIZES_PX)):
        resize(page, begin + turn)
        yield from barriers(page)


def resize(page: Page, turn: int) -> None:
    width, height = SIZES_PX[turn % len(SIZES_PX)]
    page.set_viewport_size({"width": width, "height": height})


@pytest.mark.parametrize("language", languages())
def test_no_screen_and_no_dialog_has_a_barrier(
    chromium: Browser, device: Device, tmp_path: Path, language: str
) -> None:
    found: list[str] = []
    with served(device) as url:
        with looking(chromium, device, url, language) as page:
            show(page, device, url, Screen("sign-in"))  # before anybody is known
            found += barriers_in_sizes(page, 0)
        screens = fill_records(device)
        signed = screens[-1].path.split("/")[1]
        screens += [Screen(f"slides/{signed}/count"), Screen("sign-in")]
        with looking(chromium, device, url, language) as page:
            start = [*languages()].index(language)  # so a screen is opened in each size
            for turn, screen in enumerate(screens, start):
                resize(page, turn)
                show(page, device, url, screen)
                found += barriers_in_sizes(page, turn)
            for report in reports(device, signed, tmp_path, languages()[language]):
                page.goto(report.as_uri())
                found += barriers_in_sizes(page, start)
    assert not found, "\n".join(found)


def reports(
    device: Device, slide: str, folder: Path, language: Language
) -> Iterator[Path]:
    """Write what `screen` writes: a slide's report, the page of one slide a result."""
    dossier = open_dossier(device.store, slide)
    report = folder / "report.html"
    report.write_bytes(html_bytes(dossier, language, suspects(dossier, language)))
    yield report
    rows = [
        ArchiveRow(slide=f"a/{r}", result=r, sentence="Keep going.") for r in RESULTS
    ]
    entries = [IndexEntry(row=r, empty=("1.png",), left_out=("2.png",)) for r in rows]
    yield write_page(entries, folder, device.bundle.card.limits, language)
