"""The page in a real browser: whole slides, key presses, accessibility.

Chromium of the system, driven by Playwright. Where there is none the tests are
skipped, loudly; `make browser` installs it. By mouse the whole way is walked by
`tests/tools/test_screenshots.py`.
"""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests.edge.web.stand_ins import NAME, PIN, QUICK, fill_slide

from leukoscope_edge.records.slide import SlideState
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.people import People

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_S = 40.0
PROFILE = """
name = "browser test"
n_threads = 1
data_dir = "unused"
[camera]
source = "simulated:seed=3,cells=40,blasts=0.5,jerks=0"
frames_per_second = 30.0
[page]
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CHROMIUM.exists(),
        reason=f"NO BROWSER at {CHROMIUM}: the page is NOT tested; run `make browser`",
    ),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def wait_for(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1)  # noqa: S310 - our own server
    except OSError:
        return False
    return True


@pytest.fixture
def serve(device: Device, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Start the device's page on its own records and return its address."""
    (tmp_path / "profile.toml").write_text(PROFILE)
    running: list[subprocess.Popen[bytes]] = []

    def start() -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "leukoscope_edge", "serve"]
        command += ["--profile", str(tmp_path / "profile.toml"), "--port", str(port)]
        command += ["--data", str(device.store.folder)]
        running.append(subprocess.Popen(command))
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{url}/sign-in"))
        return url

    yield start
    for process in running:
        process.terminate()
        process.wait(20)


def add_person(device: Device) -> None:
    People(device.store.folder / "people", hasher=QUICK).add_first(NAME, PIN)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1024, "height": 600})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    page.fill("[name=pin]", PIN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/")


def number(page: Page, id_: str) -> int:
    return int(page.inner_text(f"#{id_}"))


def focus_is(page: Page, selector: str) -> bool:
    return page.locator(f"{selector}:focus").count() == 1


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        if focus_is(page, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def judge_all(page: Page, press: Callable[[], None]) -> None:
    page.wait_for_selector("#gallery")
    while page.locator("#n-left").count() and (left := number(page, "n-left")):
        press()
        wait_for(lambda n=left: number(page, "n-left") < n)


def test_a_whole_slide_by_keyboard_alone(
    page: Page, device: Device, serve: Callable[[], str]
) -> None:
    url, keys = serve(), page.keyboard
    page.goto(url)
    for text in (NAME, PIN, PIN):
        keys.type(text)
        keys.press("Tab")
    keys.press("Enter")
    page.wait_for_url(f"{url}/")
    keys.press("n")
    page.wait_for_url("**/slides/new")
    keys.type("S-2026-0412")
    keys.press("Enter")  # as a scanner ends a code
    keys.press("Enter")
    page.wait_for_url("**/ready")
    page.wait_for_selector("#start:not([disabled])")
    keys.press("Enter")
    page.wait_for_url("**/count")
    wait_for(lambda: number(page, "n-cells") >= 3)
    keys.press("p")
    page.wait_for_selector("#pause[aria-pressed=true]")
    keys.press("p")
    keys.press("f")
    page.wait_for_url("**/review")
    judge_all(page, lambda: keys.press("b"))
    keys.press("Enter")
    page.wait_for_url("**/result")
    keys.type(PIN)
    keys.press("Enter")
    page.wait_for_url("**/share")
    [report] = device.store.reports("0001")
    assert report.read_bytes().startswith(b"%PDF")
    assert device.store.slide("0001").state is SlideState.SIGNED


def test_a_whole_slide_by_touch_on_a_telephone(
    chromium: Browser, device: Device, serve: Callable[[], str]
) -> None:
    url = serve()
    context = chromium.new_context(
        viewport={"width": 360, "height": 720}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
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
    page.wait_for_url(f"{url}/")
    fits()
    page.tap("a.huge")
    page.fill("[name=sample]", "S-1")
    fits()
    page.tap("form button.primary")
    page.wait_for_url("**/ready")
    page.wait_for_selector("#start:not([disabled])")
    fits()
    page.tap("#start")
    page.wait_for_url("**/count")
    wait_for(lambda: number(page, "n-cells") >= 2)
    fits()
    page.tap("#finish")
    page.wait_for_url("**/review")
    judge_all(page, lambda: page.tap("[data-word=normal]:not(.cell)"))
    fits()
    page.tap("#to-result")
    page.wait_for_url("**/result")
    fits()
    page.fill("[name=pin]", PIN)
    page.tap("form button.primary")
    page.wait_for_url("**/share")
    fits()
    for path in ("device", "update", "people"):
        page.goto(f"{url}/{path}")
        fits()
    assert device.store.reports("0001")
    context.close()


def test_forty_suspects_of_two_hundred_cells_take_at_most_sixty_keys(
    page: Page, device: Device, serve: Callable[[], str]
) -> None:
    slide = fill_slide(device, n_blast=30, n_unclear=10, n_normal=160)
    add_person(device)
    url = serve()
    sign_in(page, url)
    page.goto(f"{url}/slides/{slide}/review")
    pressed: list[str] = []

    def press(key: str) -> None:
        pressed.append(key)
        page.keyboard.press(key)

    while number(page, "n-left"):
        for _ in range(number(page, "n-left")):
            press("b")
        wait_for(lambda: number(page, "n-left") == 0)
    press("Enter")
    page.wait_for_url("**/result")
    page.wait_for_selector("text=Sign")
    record = device.store.slide(slide)
    assert record.to_review == ()
    assert record.n_others_left == 0
    assert len(pressed) <= 60, f"{len(pressed)} keys"


def test_a_key_too_many_is_taken_back(
    page: Page, device: Device, serve: Callable[[], str]
) -> None:
    slide = fill_slide(device, n_blast=2, n_normal=1)
    add_person(device)
    sign_in(page, url := serve())
    page.goto(f"{url}/slides/{slide}/review")
    page.keyboard.press("x")
    wait_for(lambda: number(page, "n-left") == 2)
    page.keyboard.press("z")
    wait_for(lambda: number(page, "n-left") == 3)
    assert all(c.word is None for c in device.store.slide(slide).cells)
    page.keyboard.press(" ")
    assert page.locator("#zoom[open]").count() == 1
    page.keyboard.press(" ")
    assert page.locator("#zoom[open]").count() == 0


def test_no_screen_has_a_serious_barrier(
    page: Page, device: Device, serve: Callable[[], str]
) -> None:
    slide = fill_slide(device, n_blast=2, n_unclear=1, n_normal=3)
    judged = fill_slide(device, n_blast=2, n_unclear=1, n_normal=3)
    for cell in device.store.slide(judged).cells:
        word = list(type(cell.final))[int(cell.id) % 4]
        device.store.judge_cell(judged, cell.id, word, NAME, key=f"key-{cell.id:0>8}")
    add_person(device)
    url = serve()
    page.goto(f"{url}/sign-in")
    found = [*barriers(page)]
    sign_in(page, url)
    paths = ["", "slides/new", "device", "update", "people", "no-such-page"]
    paths += [f"slides/{slide}/{s}" for s in ("ready", "count", "review", "share")]
    paths += [f"slides/{judged}/{s}" for s in ("review", "result")]
    for path in paths:
        page.goto(f"{url}/{path}")
        found += barriers(page)
    page.goto(url)
    page.click("button[lang=ar]")
    page.wait_for_selector("html[dir=rtl]")
    found += barriers(page)
    assert found == []


def barriers(page: Page) -> Iterator[str]:
    page.wait_for_load_state()
    for violation in Axe().run(page).response["violations"]:
        if violation["impact"] in ("serious", "critical"):
            nodes = [n["html"][:120] for n in violation["nodes"][:3]]
            yield f"{page.url}: {violation['id']}: {nodes}"


def test_targets_are_large_enough_for_gloves(
    page: Page, device: Device, serve: Callable[[], str]
) -> None:
    slide = fill_slide(device, n_blast=2, n_normal=3)
    add_person(device)
    url = serve()
    sign_in(page, url)
    small = []
    for path in ("", "slides/new", "device", f"slides/{slide}/review"):
        page.goto(f"{url}/{path}")
        for target in page.locator("button:visible, a:visible, select:visible").all():
            box = target.bounding_box()
            if box and (box["height"] < 48 or box["width"] < 44):
                small.append((path, target.inner_text(), box["width"], box["height"]))
    assert small == []
