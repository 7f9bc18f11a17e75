"""The page in a real browser: whole slides, key presses, accessibility.

Chromium of the system, driven by Playwright. Where there is none the tests are
skipped, loudly; `make browser` installs it. By mouse the whole way is walked by
`tests/tools/test_screenshots.py`.
"""

from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser
from tests.edge.web.in_browser import (
    PATIENCE_S,
    Serve,
    add_person,
    focus_is,
    judge_all,
    number,
    say_facts,
    sign_in,
    tab_to,
    wait_for,
    without_rest,
)
from tests.edge.web.stand_ins import NAME, PIN, fill_slide, new_slide_of

from leukoscope_edge.records.slides.slide_state import SlideState
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark


def test_a_whole_slide_by_keyboard_alone(
    page: Page, device: Device, serve: Serve
) -> None:
    url, keys = serve(), page.keyboard
    without_rest(page)
    page.goto(url)
    for text in (NAME, PIN, PIN):
        keys.type(text)
        keys.press("Tab")
    keys.press("Enter")
    in_browser.arrive(page, f"{url}/")
    keys.press("n")
    in_browser.arrive(page, "**/slides/new")
    keys.type("S-2026-0412")
    keys.press("Enter")  # as a scanner ends a code: on to the first open question
    assert focus_is(page, "[name=sample_type]")
    keys.press("Space")
    tab_to(page, "[name=age]")
    keys.press("Space")
    tab_to(page, "form button.primary")
    keys.press("Enter")
    in_browser.arrive(page, "**/ready")
    page.wait_for_selector("#start:not([disabled])")
    keys.press("Enter")
    in_browser.arrive(page, "**/count")
    wait_for(lambda: number(page, "n-cells") >= 3)
    keys.press("p")
    page.wait_for_selector("#pause[aria-pressed=true]")
    keys.press("p")
    keys.press("f")
    tab_to(page, "#end")
    keys.press("Enter")
    in_browser.arrive(page, "**/review")
    judge_all(page, lambda: keys.press("b"))
    keys.press("Enter")
    in_browser.arrive(page, "**/result")
    keys.type(PIN)
    keys.press("Enter")
    in_browser.arrive(page, "**/share")
    [report] = device.store.reports("0001")
    assert report.read_bytes().startswith(b"%PDF")
    assert device.store.reader.slide("0001").state is SlideState.SIGNED


def test_a_whole_slide_by_touch_on_a_telephone(
    chromium: Browser, device: Device, serve: Serve
) -> None:
    url = serve()
    context = chromium.new_context(
        viewport={"width": 360, "height": 720}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    without_rest(page)
    page.set_default_timeout(PATIENCE_S * 1000)

    def fits() -> None:
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{page.url} is {width} pixels wide"

    page.goto(url)
    fits()
    page.fill("[name=name]", NAME)
    page.fill("[name=pin]", PIN)
    page.fill("[name=again]", PIN)
    page.tap("form button.primary")
    in_browser.arrive(page, f"{url}/")
    fits()
    page.tap("a.huge")
    page.fill("[name=sample]", "S-1")
    say_facts(page)
    fits()
    page.tap("form button.primary")
    in_browser.arrive(page, "**/ready")
    page.wait_for_selector("#start:not([disabled])")
    fits()
    page.tap("#start")
    in_browser.arrive(page, "**/count")
    wait_for(lambda: number(page, "n-cells") >= 2)
    fits()
    page.tap("#finish")
    page.tap("#end")
    in_browser.arrive(page, "**/review")
    judge_all(page, lambda: page.tap("[data-word=normal]:not(.cell)"))
    fits()
    page.tap("#to-result")
    in_browser.arrive(page, "**/result")
    fits()
    for digit in PIN:
        page.tap(f"[data-digit='{digit}']")
    page.tap("form button.primary")
    in_browser.arrive(page, "**/share")
    fits()
    for path in ("device", "update", "people"):
        page.goto(f"{url}/{path}")
        fits()
    assert device.store.reports("0001")
    context.close()


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
