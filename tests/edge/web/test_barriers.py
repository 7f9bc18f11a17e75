"""axe finds nothing serious or moderate: every screen and dialog, languages, sizes."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser
from tests.edge.web.all_screens import Screen, fill_records, looking, served, show

from leukoscope_edge.i18n import languages
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark
SIZES_PX = ((1024, 600), (360, 740), (1920, 1080))
BARRIERS = ("moderate", "serious", "critical")


def barriers(page: Page) -> Iterator[str]:
    for violation in Axe().run(page).response["violations"]:
        if violation["impact"] in BARRIERS:
            nodes = [node["html"][:120] for node in violation["nodes"][:3]]
            yield f"{page.url} {page.viewport_size}: {violation['id']}: {nodes}"


def barriers_with_dialogs(page: Page) -> Iterator[str]:
    yield from barriers(page)
    for dialog in page.locator("dialog").all():
        dialog.evaluate("dialog => dialog.showModal()")
        yield from barriers(page)
        dialog.evaluate("dialog => dialog.close()")


@pytest.mark.parametrize("language", languages())
def test_no_screen_and_no_dialog_has_a_barrier(
    chromium: Browser, device: Device, language: str
) -> None:
    found: list[str] = []
    with served(device) as url:
        screens = (*fill_records(device), Screen("sign-in"))
        with looking(chromium, device, url, language) as page:
            for turn, screen in enumerate(screens):
                width, height = SIZES_PX[turn % len(SIZES_PX)]
                page.set_viewport_size({"width": width, "height": height})
                show(page, device, url, screen)
                found += barriers_with_dialogs(page)
    assert not found, "\n".join(found)
