"""axe finds nothing serious or moderate: every screen and dialog, languages, sizes.

Each screen is looked at in every language, and in every size from the left and from the
right: in those from the left by turns, as they share the layout, and in one that is
written from the right in all sizes. Always looked at are French and Arabic, by turns;
the others, and Arabic in all sizes, at night. Whether their words fit into it, at every
width, `test_widths.py` measures.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import Mock

import pytest
from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser
from tests.edge.web.all_screens import (
    ALWAYS,
    Screen,
    Shown,
    looking,
    served,
    show,
)
from tests.edge.web.in_browser import barriers

from leukoscope_edge.archive import ArchiveRow
from leukoscope_edge.cli.archive_index import RESULTS, IndexEntry, write_page
from leukoscope_edge.i18n import Language, languages
from leukoscope_edge.records.exports import open_version, suspects
from leukoscope_edge.records.exports.html_report import html_bytes
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark
SIZES_PX = ((1024, 600), (360, 740), (1920, 1080))


@dataclass(frozen=True)
class Look:
    """What is looked at in one language.

    Attributes:
        page: In that language.
        language: Which it is.
        n_sizes: How many sizes each screen is looked at in.
        dialogs: The text of those that were looked at: many screens have the same.
    """

    page: Page
    language: Language
    n_sizes: int = 1
    dialogs: set[str] = field(default_factory=set)

    @property
    def start(self) -> int:
        """Where this language begins with the sizes: those from the left by turns."""
        direction = self.language.direction
        alike = [k for k, v in languages().items() if v.direction == direction]
        return alike.index(self.language.code)

    def barriers(self, turn: int) -> Iterator[str]:
        """Look at the screen that is open, and its dialogs in the size it opened in."""
        yield from self._in_dialogs()
        for further in range(self.n_sizes):
            resize(self.page, turn + further)
            yield from barriers(self.page)

    def _in_dialogs(self) -> Iterator[str]:
        for dialog in self.page.locator("dialog").all():
            text = dialog.evaluate("dialog => dialog.outerHTML")
            if text in self.dialogs:
                continue
            self.dialogs.add(text)
            dialog.evaluate("dialog => dialog.showModal()")
            yield from barriers(self.page, "dialog[open]")
            dialog.evaluate("dialog => dialog.close()")


def resize(page: Page, turn: int) -> None:
    width, height = SIZES_PX[turn % len(SIZES_PX)]
    page.set_viewport_size({"width": width, "height": height})


LOOKS = [(code, 1) for code in languages()] + [
    (code, len(SIZES_PX)) for code, v in languages().items() if v.direction == "rtl"
]
"""A language, and in how many sizes each screen is looked at."""
AT_ONCE = [(code, 1) for code in ALWAYS]


@pytest.mark.parametrize(
    ("language", "n_sizes"),
    [
        look if look in AT_ONCE else pytest.param(*look, marks=pytest.mark.nightly)
        for look in LOOKS
    ],
)
def test_no_screen_and_no_dialog_has_a_barrier(
    chromium: Browser, all_shown: Shown, tmp_path: Path, language: str, n_sizes: int
) -> None:
    found: list[str] = []
    device, url = all_shown.device, all_shown.url
    signed = all_shown.screens[-1].path.split("/")[1]
    screens = [*all_shown.screens, Screen(f"slides/{signed}/count"), Screen("sign-in")]
    with looking(chromium, device, url, language) as page:
        look = Look(page, languages()[language], n_sizes)
        for turn, screen in enumerate(screens, look.start):
            resize(page, turn)
            show(page, device, url, screen)
            found += look.barriers(turn)
        written = reports(device, signed, tmp_path, look.language)
        for turn, report in enumerate(written, look.start):
            resize(page, turn)
            page.goto(report.as_uri())
            found += look.barriers(turn)
    assert not found, "\n".join(found)


def test_before_anybody_is_known_there_is_no_barrier(
    chromium: Browser, device: Device
) -> None:
    found: list[str] = []
    with served(device) as url:
        for code, language in languages().items():
            with looking(chromium, device, url, code) as page:
                look = Look(page, language)
                resize(page, look.start)
                show(page, device, url, Screen("sign-in"))
                found += look.barriers(look.start)
    assert not found, "\n".join(found)


def test_from_either_side_every_size_has_its_turn() -> None:
    every = [Look(Mock(), languages()[code], n) for code, n in LOOKS]
    for direction in ("ltr", "rtl"):
        alike = [look for look in every if look.language.direction == direction]
        starts = [look.start + n for look in alike for n in range(look.n_sizes)]
        assert {n % len(SIZES_PX) for n in starts} == set(range(len(SIZES_PX)))
    at_once = [Look(Mock(), languages()[code], n) for code, n in AT_ONCE]
    assert len({look.start % len(SIZES_PX) for look in at_once}) == len(ALWAYS)


def reports(
    device: Device, slide: str, folder: Path, language: Language
) -> Iterator[Path]:
    """Write what `screen` writes: a slide's report, the page of one slide a result."""
    version = open_version(device.store, slide)
    report = folder / "report.html"
    report.write_bytes(html_bytes(version, language, suspects(version, language)))
    yield report
    rows = [
        ArchiveRow(slide=f"a/{r}", result=r, sentence="Keep going.") for r in RESULTS
    ]
    entries = [IndexEntry(row=r, empty=("1.png",), left_out=("2.png",)) for r in rows]
    yield write_page(entries, folder, device.bundle.card.limits, language)
