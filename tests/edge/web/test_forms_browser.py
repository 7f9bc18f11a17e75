"""Forms in a real browser: what a field lacks, and what was typed before a lock."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser
from tests.edge.web.all_screens import LONG, looking, served
from tests.edge.web.in_browser import tab_to
from tests.edge.web.stand_ins import PIN, fill_slide, look_at_all

from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark
COMMENT = "Auer rods? Ask Dr Okoye."
MINUTE_MS = 60_000


@pytest.fixture
def french(chromium: Browser, device: Device) -> Iterator[Page]:
    device.people.add_first(LONG, PIN)
    slide = look_at_all(device, fill_slide(device, n_blast=1, n_normal=3))
    with served(device) as url, looking(chromium, device, url, "fr") as page:
        page.clock.install()
        page.goto(f"{url}/slides/{slide}/result")
        page.wait_for_selector("main:not([inert])")
        yield page


def test_a_form_says_in_the_page_s_language_what_a_field_lacks(french: Page) -> None:
    page = french
    page.click("#correct summary")
    page.fill("#correct [name=wbc]", "2000")
    page.click("#correct button")
    said = page.locator("#correct .wrong").all_inner_texts()
    assert said == ["De 0.01 à 1000.", "Remplissez ce champ."]
    assert page.locator("[name=wbc]:focus[aria-invalid=true]").count() == 1
    described = page.get_attribute("[name=wbc]", "aria-describedby") or ""
    assert page.locator(f"[id='{described}']").inner_text() == said[0]
    page.fill("#correct [name=wbc]", "20")
    assert page.locator("#correct .wrong").count() == 1


def test_the_lock_warns_and_a_comment_is_there_after_the_sign_in(french: Page) -> None:
    page, there = french, french.url
    page.type("[name=comment]", COMMENT)
    with page.expect_response("**/api/drafts"):
        page.clock.run_for(1000)
    page.clock.run_for(4 * MINUTE_MS)
    assert page.is_visible("#locks")
    assert "verrouille" in page.inner_text("#locks")
    page.keyboard.press("Shift")
    assert page.is_hidden("#locks")  # a touch is enough to stay
    page.clock.run_for(5 * MINUTE_MS + 2000)
    in_browser.arrive(page, "**/sign-in*")
    page.check(f"[name=name][value='{LONG}']")
    page.fill("[name=pin]", PIN)
    page.keyboard.press("Enter")
    in_browser.arrive(page, there)
    assert page.input_value("[name=comment]") == COMMENT


def test_a_comment_is_kept_where_somebody_locks_at_once(
    french: Page, device: Device
) -> None:
    page, path = french, french.url[french.url.index("/slides") :]
    page.type("[name=comment]", COMMENT)
    page.click("header [data-post]")
    in_browser.arrive(page, "**/sign-in*")
    assert COMMENT in device.drafts.of(LONG, path).values()


def test_what_was_sent_is_no_draft_any_more(french: Page, device: Device) -> None:
    page, path = french, french.url[french.url.index("/slides") :]
    page.type("[name=comment]", COMMENT)
    with page.expect_response("**/api/drafts"):
        page.clock.run_for(1000)
    assert COMMENT in device.drafts.of(LONG, path).values()
    page.fill("[name=pin]", PIN)
    tab_to(page, ".sign button.primary")
    page.keyboard.press("Enter")
    in_browser.arrive(page, "**/share")
    in_browser.wait_for(lambda: not device.drafts.of(LONG, path))
