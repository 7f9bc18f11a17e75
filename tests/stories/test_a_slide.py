"""A slide is counted, read, signed and reported: by keys alone, and on a telephone.

By mouse the whole way is walked by `tests/tools/test_screenshots.py`.
"""

from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser
from tests.edge.web.in_browser import (
    PATIENCE_S,
    Serve,
    focus_is,
    judge_all,
    number,
    say_facts,
    tab_to,
    wait_for,
    without_rest,
)
from tests.edge.web.stand_ins import NAME, PIN

from leukoscope_edge.records.slides import SlideState
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
    tab_to(page, "[name=pin]")
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
