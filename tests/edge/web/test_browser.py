"""The page in a real browser: key presses, accessibility. Whole slides: tests/stories.

Chromium of the system, driven by Playwright. Where there is none the tests are
skipped, loudly; `make browser` installs it.
"""

from playwright.sync_api import Page
from tests.edge.web import in_browser
from tests.edge.web.in_browser import (
    Serve,
    add_person,
    number,
    sign_in,
    wait_for,
    without_rest,
)
from tests.edge.web.stand_ins import NAME, fill_slide, new_slide_of

from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark


def test_forty_suspects_of_two_hundred_cells_take_at_most_sixty_keys(
    page: Page, device: Device, standing: str
) -> None:
    slide = fill_slide(device, n_blast=30, n_unclear=10, n_normal=160)
    without_rest(page)
    page.goto(f"{standing}/slides/{slide}/review")
    pressed: list[str] = []

    def press(key: str) -> None:
        page.wait_for_selector("#review:not([data-fresh])")
        pressed.append(key)
        page.keyboard.press(key)

    while number(page, "n-left"):
        for _ in range(number(page, "n-left")):
            press("b")
        wait_for(lambda: number(page, "n-left") == 0)
    press("Enter")
    in_browser.arrive(page, "**/result")
    page.wait_for_selector("text=Sign")
    record = device.store.reader.slide(slide)
    assert record.to_review == ()
    assert record.n_others_left == 0
    assert len(pressed) <= 60, f"{len(pressed)} keys"


def test_a_key_too_many_is_taken_back(
    page: Page, device: Device, standing: str
) -> None:
    slide = fill_slide(device, n_blast=2, n_normal=1)
    page.goto(f"{standing}/slides/{slide}/review")
    page.wait_for_selector("#review:not([data-fresh])")
    page.keyboard.press("x")
    wait_for(lambda: number(page, "n-left") == 2)
    page.keyboard.press("z")
    wait_for(lambda: number(page, "n-left") == 3)
    assert all(c.word is None for c in device.store.reader.slide(slide).cells)
    page.keyboard.press(" ")
    assert page.locator("#zoom[open]").count() == 1
    page.keyboard.press(" ")
    assert page.locator("#zoom[open]").count() == 0
    page.keyboard.press(" ")
    page.wait_for_selector("#review:not([data-fresh])")
    page.keyboard.press("b")  # a word closes it, too
    wait_for(lambda: number(page, "n-left") == 2)
    assert page.locator("#zoom[open]").count() == 0


def test_no_colour_fades_under_words_that_change_at_once(
    page: Page, device: Device, serve: Serve
) -> None:
    """A button that may be pressed at last was white on light grey for a moment."""
    slide = device.store.start_slide(new_slide_of(device), NAME)
    add_person(device)
    url = serve()
    sign_in(page, url)
    page.goto(f"{url}/slides/{slide}/ready")
    page.wait_for_selector("#start:not([disabled])")
    fading = page.evaluate(
        """() => {
            for (const button of document.querySelectorAll("button")) {
                getComputedStyle(button).backgroundColor;
                button.disabled = !button.disabled;
            }
            return document.getAnimations().length;
        }"""
    )
    assert fading == 0


def test_targets_are_large_enough_for_gloves(
    page: Page, device: Device, standing: str
) -> None:
    slide = fill_slide(device, n_blast=2, n_normal=3)
    small = []
    for path in ("", "slides/new", "device", f"slides/{slide}/review"):
        page.goto(f"{standing}/{path}")
        for target in page.locator("button:visible, a:visible, select:visible").all():
            box = target.bounding_box()
            if box and (box["height"] < 48 or box["width"] < 44):
                small.append((path, target.evaluate("e => e.outerHTML"), box))
    assert small == []
